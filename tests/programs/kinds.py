"""Kinds of columns: how a model declares one, values for it as source, and what a query may do with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

WORDS: Final = ("alpha", "Beta", "gamma delta", "Épée", "x", "0", "true", "None", "zeta-9", "2024-05-06")
HOSTILE: Final = (
    "it's \"quoted\"", "back\\slash\\n", "{{ name }} {% if %}", "%s %(x)s %%", "line\nbreak\r\n\ttab", "'''", '"""', "{x!r} {0}", "日本 🦊 e\u0301",
    "\u202eabc", " spaced ", "'; DROP TABLE x; --", "\x7f\x01", "a" * 39, "</script>", "${x} `y`", "#not a comment", "\\N{DASH}", "",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """`declared`: the field's class and arguments; `value`: source of a random value; `lookups`: those that take such a value."""

    declared: str
    value: Callable[[Random], str]
    lookups: tuple[str, ...] = ("exact", "in", "gt", "lte")
    numeric: bool = False
    ordered: bool = True
    text: bool = False
    unique: bool = True
    """Whether it may be declared unique: its values can be told apart by a number."""


def text(rng: Random) -> str:
    return repr(rng.choice(WORDS if rng.random() < 0.6 else HOSTILE))


def number(low: int, high: int) -> Callable[[Random], str]:
    return lambda rng: str(rng.randint(low, high))


def day(rng: Random) -> str:
    return f"datetime.date({rng.randint(1990, 2020)}, {rng.randint(1, 12)}, {rng.randint(1, 28)})"


def moment(rng: Random) -> str:
    micro = rng.choice((0, 0, 120000, 123456))
    return (
        f"datetime.datetime({rng.randint(2001, 2020)}, {rng.randint(1, 12)}, {rng.randint(1, 28)}, {rng.randint(0, 23)}, "
        f"{rng.randint(0, 59)}, {rng.randint(0, 59)}, {micro}, tzinfo=datetime.timezone.utc)"
    )


def clock(rng: Random) -> str:
    return f"datetime.time({rng.randint(0, 23)}, {rng.randint(0, 59)}, {rng.randint(0, 59)})"


def document(rng: Random) -> str:
    return rng.choice(
        ("{}", "[]", "{'a': 1}", "{'a': {'b': [1, 2.5, None, True]}, 'c': 'd'}", "[{'k': \"it's\"}, 'é', 0]", "{'a': 2, 'z': \"'''\"}", "'text'", "7")
    )  # fmt: skip


COLUMNS: Final[Mapping[str, Kind]] = {
    "char": Kind("models.CharField(max_length=40)", text, ("exact", "in", "icontains", "startswith", "iexact", "contains", "endswith"), text=True),
    "blank": Kind("models.CharField(max_length=40, blank=True, default='')", text, ("exact", "in", "icontains", "gt"), text=True),
    "chosen": Kind(
        "models.CharField(max_length=8, choices=[('new', 'New'), ('open', 'Open'), ('done', 'Done')], default='new')",
        lambda rng: repr(rng.choice(("new", "open", "done"))), ("exact", "in"), unique=False,
    ),
    "text": Kind("models.TextField()", text, ("exact", "contains", "icontains"), text=True, unique=False),
    "int": Kind("models.IntegerField()", number(-50, 50), ("exact", "in", "gt", "gte", "lt", "lte", "range"), numeric=True),
    "count": Kind("models.PositiveIntegerField(default=3)", number(0, 30), ("exact", "in", "gt", "lte"), numeric=True),
    "big": Kind("models.BigIntegerField(default=0)", lambda rng: str(rng.choice((0, 7, -(2**62), 2**53 + 1, 9_000_000_000))), unique=False),
    "small": Kind("models.SmallIntegerField()", number(-9, 9), numeric=True, unique=False),
    "bool": Kind("models.BooleanField(default=False)", lambda rng: rng.choice(("True", "False")), ("exact",), unique=False),
    "float": Kind("models.FloatField()", lambda rng: str(rng.choice((0.0, 0.1, 2.5, -1.25, 1e10, 3.0))), ("gt", "lte"), numeric=True, unique=False),
    "decimal": Kind(
        "models.DecimalField(max_digits=8, decimal_places=2)", lambda rng: f"Decimal('{rng.randint(-500, 9000) / 100:.2f}')", numeric=True
    ),
    "date": Kind("models.DateField()", day, ("exact", "gt", "lte", "year", "range")),
    "moment": Kind("models.DateTimeField()", moment, ("exact", "gt", "lte", "year", "date")),
    "time": Kind("models.TimeField()", clock, unique=False),
    "duration": Kind("models.DurationField()", lambda rng: f"datetime.timedelta(days={rng.randint(0, 9)}, seconds={rng.randint(0, 9999)})", unique=False),
    "uuid": Kind("models.UUIDField()", lambda rng: f"uuid.UUID(int={rng.getrandbits(122)}, version=4)", ("exact", "in")),
    "random": Kind("models.UUIDField(default=uuid.uuid4)", lambda rng: f"uuid.UUID(int={rng.getrandbits(122)}, version=4)", ("exact", "in"), unique=False),
    "json": Kind("models.JSONField(default=dict)", document, (), ordered=False, unique=False),
    "binary": Kind("models.BinaryField(default=b'')", lambda rng: rng.choice(("b''", "b'\\x00\\xff'", "b'abc'")), (), ordered=False, unique=False),
    "email": Kind("models.EmailField(blank=True)", lambda rng: f"'p{rng.randint(1, 99)}@example.com'", ("exact", "endswith"), text=True),
    "slug": Kind("models.SlugField()", lambda rng: f"'s-{rng.randint(1, 99)}'", ("exact", "in", "startswith"), text=True),
    "address": Kind("models.GenericIPAddressField(null=True)", lambda rng: f"'192.0.2.{rng.randint(1, 250)}'", ("exact",), ordered=False, unique=False),
    "created": Kind("models.DateTimeField(auto_now_add=True)", moment, ("gt", "lte"), unique=False),
    "changed": Kind("models.DateTimeField(auto_now=True)", moment, ("gt", "lte"), unique=False),
    "seen": Kind("models.DateTimeField(default=timezone.now)", moment, ("gt", "lte"), unique=False),
}  # fmt: skip
AUTOMATIC: Final = ("created", "changed")
"""Given by the database's clock at saving: set afterwards in rows."""


def distinct(name: str, n: int, rng: Random) -> str:
    """Source of a value that no other row has: the n-th."""
    made = {
        "char": repr(f"{rng.choice(WORDS)[:20]} {n}"), "blank": repr(f"u-{n}"), "int": str(n * 3 - 40), "count": str(n + 2), "decimal": f"Decimal('{n}.50')",
        "date": f"datetime.date(2015, {n % 12 + 1}, {n // 12 % 28 + 1})", "moment": f"datetime.datetime(2015, 1, {n % 28 + 1}, {n // 28 % 24}, tzinfo=datetime.timezone.utc)",
        "uuid": f"uuid.UUID(int={n + 12345678901234567890}, version=4)", "email": f"'u{n}@example.com'", "slug": f"'slug-{n}'",
    }  # fmt: skip
    return made[name]
