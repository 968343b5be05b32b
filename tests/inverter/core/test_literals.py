"""Values → source: what is written evaluates back to an equal value of the same type; texts around expressions too."""

import ipaddress
import math
import pathlib
import string
import uuid
import zoneinfo
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unspan_inverter.code.code import Code, NoName
from unspan_inverter.code.expressions import Scope
from unspan_inverter.code.literals import NoLiteral
from unspan_inverter.plan.expressions import Attr, Call, Format, Import, Item, Name
from unspan_proto.values import Derived, Interval, ModelRef, Opaque, Truncated

SCOPE = Scope("self.client", "self.captureOnCommitCallbacks")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")


def written(value: Any) -> str:
    return SCOPE.write(value).text


def evaluated(code: Code, **names: Any) -> Any:
    """The value of a piece of source, with what it needs imported."""
    for one in code.imports:
        module = import_module(one.module)
        names[one.alias or one.name or one.module.partition(".")[0]] = getattr(module, one.name) if one.name else module
    return eval(code.text, names)  # noqa: S307 - the product's own output


def alike(one: Any, other: Any) -> bool:
    """Equality that knows types, NaN, signs of zero and the zone of a moment."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one == other and math.copysign(1, one) == math.copysign(1, other))
    if isinstance(one, complex):
        return alike(one.real, other.real) and alike(one.imag, other.imag)
    if isinstance(one, Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(map(alike, one.values(), other.values()))
    if isinstance(one, slice):
        return alike((one.start, one.stop, one.step), (other.start, other.stop, other.step))
    if isinstance(one, (datetime, time)):
        return one.replace(tzinfo=None) == other.replace(tzinfo=None) and one.fold == other.fold and same_zone(one.tzinfo, other.tzinfo)
    if isinstance(one, timezone):
        return one == other and str(one) == str(other)
    return bool(one == other)


def same_zone(one: Any, other: Any) -> bool:
    """The same zone, or UTC in another guise: it is always written `timezone.utc`."""
    if one is None or other is None:
        return one is other
    return str(one) == str(other)


zones = st.sampled_from(ZONES).map(zoneinfo.ZoneInfo)
offsets = st.timedeltas(min_value=timedelta(hours=-23), max_value=timedelta(hours=23))
fixed = st.builds(timezone, offsets) | st.builds(timezone, offsets, st.text(max_size=5)) | st.just(timezone.utc)
times = st.none() | fixed | zones
huge = st.integers(5000, 5003).map(lambda n: -(7**n) if n % 2 else 7**n)
"""Numbers that Python refuses to print."""
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(min_value=10**15, max_value=10**25), huge, huge.map(range),
    st.floats(), st.complex_numbers(), st.text(), st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs"])), st.binary(),
    st.decimals(), st.just(Decimal("sNaN")), st.fractions(), huge.map(lambda n: Fraction(n, 3)), st.datetimes(timezones=times), st.dates(),
    st.times(timezones=st.none() | fixed), st.timedeltas(), fixed, zones, st.uuids(), st.just(...),
    st.ip_addresses(), st.builds(range, st.integers(), st.integers(), st.integers(1)), st.builds(slice, st.integers() | st.none(), st.text(max_size=3)),
    st.sampled_from([range(0), range(3, 9), ipaddress.ip_interface("10.0.0.1/8"), ipaddress.ip_network("2001:db8::/32")]),
    st.text(string.printable).map(pathlib.PurePosixPath), st.text(string.printable).map(pathlib.PureWindowsPath),
    st.binary().map(bytearray), st.builds(lambda at, fold: at.replace(fold=fold), st.datetimes(timezones=zones), st.just(1)),
    st.builds(lambda at: at.replace(fold=1), st.times()),
)  # fmt: skip
keys = st.text() | st.integers() | st.booleans() | st.dates() | st.uuids() | st.tuples(st.text(), st.integers())
nested = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=4), st.sets(keys, max_size=4),
        st.frozensets(keys, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(nested)
def test_what_is_written_evaluates_back(value: Any) -> None:
    code = SCOPE.write(value)
    assert alike(evaluated(code), value)
    assert code.text.isprintable()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it's", '"it\'s"'),
        ('a "b" it\'s', "'a \"b\" it\\'s'"),
        ("\x1b[31m\u202e\ud800\x00\n", r"'\x1b[31m\u202e\ud800\x00\n'"),
        (b"\x00'\"", rb"""b'\x00\'"'""".decode()),
        (float("nan"), "float('nan')"),
        (float("-inf"), "float('-inf')"),
        (complex(0, float("inf")), "complex(0.0, float('inf'))"),
        (Decimal("1.50"), "Decimal('1.50')"),
        (Fraction(1, 3), "Fraction(1, 3)"),
        (uuid.UUID(int=5), "UUID('00000000-0000-0000-0000-000000000005')"),
        (datetime(2020, 1, 2), "datetime(2020, 1, 2, 0, 0)"),
        (datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc), "datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc)"),
        (datetime(2020, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")), "datetime(2020, 1, 2, 0, 0, tzinfo=timezone.utc)"),
        (
            datetime(2020, 10, 25, 2, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            "datetime(2020, 10, 25, 2, 0, tzinfo=ZoneInfo('Europe/Berlin'), fold=1)",
        ),
        (date(2020, 1, 2), "date(2020, 1, 2)"),
        (time(9), "time(9, 0)"),
        (time(9, 0, 5, fold=1), "time(9, 0, 5, fold=1)"),
        (timedelta(days=-1, seconds=5), "timedelta(days=-1, seconds=5)"),
        (timedelta(0), "timedelta()"),
        (timezone(timedelta(hours=2)), "timezone(timedelta(seconds=7200))"),
        (timezone(timedelta(0), "Z'"), 'timezone(timedelta(), "Z\'")'),
        (zoneinfo.ZoneInfo("UTC"), "ZoneInfo('UTC')"),
        (Interval(1, None), "NumericRange(1, None)"),
        (Interval(Decimal("1.5"), Decimal(2), "(]"), "NumericRange(Decimal('1.5'), Decimal('2'), '(]')"),
        (Interval(None, None, ""), "NumericRange(empty=True)"),
        (Interval(None, date(2020, 1, 2)), "DateRange(None, date(2020, 1, 2))"),
        (Interval(datetime(2020, 1, 2), None), "DateTimeRange(datetime(2020, 1, 2, 0, 0), None)"),
        (
            Interval(datetime(2020, 1, 2, tzinfo=timezone.utc), None, "[]"),
            "DateTimeTZRange(datetime(2020, 1, 2, 0, 0, tzinfo=timezone.utc), None, '[]')",
        ),
        (range(4), "range(4)"),
        (range(4, 9), "range(4, 9)"),
        (range(0, 9, 2), "range(0, 9, 2)"),
        (set(), "set()"),
        ({"b", "a"}, "{'a', 'b'}"),
        (frozenset(), "frozenset()"),
        (frozenset({1}), "frozenset({1})"),
        ((), "()"),
        ((1,), "(1,)"),
        ({"a": [1, {"b": None}]}, "{'a': [1, {'b': None}]}"),
        (True, "True"),
        (2**70, "1180591620717411303424"),
        (pathlib.PurePosixPath("/a b"), "PurePosixPath('/a b')"),
        (memoryview(b"ab"), "memoryview(b'ab')"),
        (Derived("app.Colour", "red"), "'red'"),
    ],
    ids=lambda value: "a set" if isinstance(value, (set, frozenset)) else repr(value).partition(" at 0x")[0],
)
def test_a_value_is_written_as_one_writes_it(value: Any, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize(
    "value",
    [Opaque("shop.Thing"), ModelRef("shop.Book", 1), Truncated("str", 9, "a"), object(), [Opaque("x")]],
    ids=lambda value: "a set" if isinstance(value, (set, frozenset)) else repr(value).partition(" at 0x")[0],
)
def test_a_value_that_was_not_carried_has_no_source(value: Any) -> None:
    with pytest.raises(NoLiteral) as refused:
        written(value)
    first, second = str(refused.value).splitlines()
    name = type(value[0] if isinstance(value, list) else value).__name__
    assert first == f"no test from this trace: a value of type {name} has no source form."
    assert second == "Accept a weaker test with --allow-gaps."


class Row:
    """A row as a test holds it."""

    pk = 50


PLACES: Mapping[str, tuple[Any, str]] = {
    "attribute": (Attr(Name("row"), "pk"), "50"),
    "shared": (Attr(Name("row", row=True), "pk"), "50"),
    "item": (Item(Name("texts"), 0), "a'b\""),
    "key": (Item(Name("texts"), "k"), "v"),
    "call": (Call(Name("str"), (Attr(Name("row"), "pk"),)), "50"),
    "call-with-text": (Call(Name("str"), ('it\'s "{x}"\n\\',)), 'it\'s "{x}"\n\\'),
    "dict": ({1: 2}, "{1: 2}"),
    "set": ({1}, "{1}"),
    "number": (7, "7"),
    "nested": (Format(("<", Attr(Name("row"), "pk"), ">")), "<50>"),
    "bytes": (b"\n", repr(b"\n")),
}
texts = (
    st.text()
    | st.text(st.sampled_from("{}'\"\\\n\t !:=#%\x00\x1b\u202e\ud800N"))
    | st.sampled_from(["{{ x }}", "\\N{DASH}", '"""', "'''", "{", "}}", "\\"])
)


class Texts(dict[Any, str]):
    """What an expression may look up."""


@settings(max_examples=400, deadline=None)
@given(st.lists(texts | st.sampled_from(sorted(PLACES)).map(lambda name: PLACES[name]), min_size=1, max_size=5))
def test_texts_around_expressions_evaluate_to_what_they_say(parts: list[Any]) -> None:
    """Also on Python 3.11, whose f-strings take no quotes and no backslashes inside the braces."""
    code = SCOPE.write(Format(tuple(part if isinstance(part, str) else part[0] for part in parts)))
    found = evaluated(code, row=Row(), texts=Texts({0: "a'b\"", "k": "v"}))
    assert str(found) == "".join(part if isinstance(part, str) else part[1] for part in parts)
    assert code.text.isprintable()


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("/books/", Attr(Name("book"), "pk"), "/"), 'f"/books/{book.pk}/"'),
        (("{", Name("a"), "}"), 'f"{{{a}}}"'),
        (('"', Name("a"), "'"), 'f"\\"{a}\\\'"'),
        ((Call(Import("django.urls", "reverse"), ("home",)), "?a=1"), "reverse('home') + '?a=1'"),
        ((Item(Name("a"), "k"), "x"), "str(a['k']) + 'x'"),
    ],
    ids=str,
)
def test_a_text_with_expressions_reads_well(parts: tuple[Any, ...], text: str) -> None:
    assert written(Format(parts)) == text


@pytest.mark.parametrize(
    "made",
    [
        Name("a b"), Name("a.b"), Name("class"), Name(""), Name("é"), Name("a\n"), Attr(Name("a"), "b.c"), Attr(Name("a"), "import os"), Import("os; x", "y"),
        Import("", "y"), Import("shop.models", "a.b"), Import("shop..models", "a"), Call(Name("f"), (), (("a.b", 1),)), Call(Name("f"), (), (("a=1, b", 1),)),
    ],
    ids=lambda value: "a set" if isinstance(value, (set, frozenset)) else repr(value).partition(" at 0x")[0],
)  # fmt: skip
def test_what_is_no_name_is_never_written(made: Any) -> None:
    with pytest.raises(NoName) as refused:
        written(made)
    first, second = str(refused.value).splitlines()
    assert first.startswith("no test from this trace: '")
    assert first.endswith("' is not a Python name.")
    assert second == "The trace's project description is damaged; record again."
    assert first.isprintable()
