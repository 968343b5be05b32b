"""Expressions and statements of a plan → code."""

import builtins
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from unspan_inverter.code.code import Code, dotted, identifier, joined, needs
from unspan_inverter.code.literals import literal
from unspan_inverter.plan.expressions import (
    Assign,
    Attr,
    Await,
    Call,
    Check,
    Context,
    DataFile,
    Do,
    Format,
    Function,
    Import,
    Item,
    Listed,
    Logs,
    Name,
    Plan,
    Raises,
    SetAttr,
    SetItem,
    Sum,
    pieces,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where code stands: how it names the client, and the rows that the tests of a class share."""

    client: str
    capture_on_commit: str
    assert_num_queries: str = "self.assertNumQueries"
    shared: frozenset[str] = frozenset()
    owner: str = ""
    style: str = "django"
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """`(module, name)` → what it is called in this file, where its own name is taken."""

    def write(self, value: Any) -> Code:
        """The code of an expression, or of a plain value."""
        make = EXPRESSIONS.get(type(value))
        return make(value, self) if make else literal(value, self.write)


TAKEN = frozenset(
    {
        "Client", "DateRange", "DateTimeRange", "DateTimeTZRange", "Decimal", "Fraction", "NumericRange", "PurePosixPath", "PureWindowsPath", "SimpleTestCase", "SimpleUploadedFile", "TemporaryDirectory", "TestCase", "TransactionTestCase",
        "UUID", "ZoneInfo", "advance_sequences", "all_characters", "allow_all_characters", "answers", "cache", "caches", "connections", "date", "datetime", "io", "mail", "mock", "no_style", "override_settings", "pytest", "requests",
        "activate", "base64", "body", "digest", "hashlib", "hmac", "json", "payload", "responses", "settings", "timestamp",
        "AsyncClient", "AsyncResult", "Entry", "Mocket", "Path", "httpx_mock", "mocketize", "respx", "Celery", "caplog", "clock_at", "delay", "freeze_time", "logs", "queue", "queued", "in_order", "moment", "reverse", "time", "timedelta", "timezone", "urlencode", "wire",
    }
)  # fmt: skip
"""Names that a generated file may need for itself."""


LIBRARIES = frozenset(
    {
        "asgiref", "celery", "datetime", "django", "django_tasks", "freezegun", "http", "httpx", "inspect", "io", "itertools", "json", "logging", "mocket", "os", "random", "requests", "responses", "respx", "secrets", "tempfile", "time_machine",
        "unittest", "urllib", "urllib3",
    }
)  # fmt: skip
"""Packages that are no project's own: what comes from them keeps its name."""


def aliases(plans: Sequence[Plan]) -> dict[tuple[str, str], str]:
    """Other names for things of the project that would be called like each other, or like anything else in the file."""
    parts = [one for one in pieces(plans) if isinstance(one, (Import, Name))]
    imports = sorted({one for one in parts if isinstance(one, Import) and one.name}, key=lambda one: (one.name, one.module))
    theirs = [one for one in imports if one.module.partition(".")[0] in LIBRARIES]
    mine = [one for one in imports if one not in theirs]
    taken = {*TAKEN, *dir(builtins), *(one.name for one in theirs), *(one.id for one in parts if isinstance(one, Name))}
    taken |= {plan.class_name for plan in plans}
    renamed: dict[tuple[str, str], str] = {}
    for one in mine:
        if one.name in taken:
            renamed[one.module, one.name] = free_name(one, taken | {other.name for other in mine})
        taken.add(renamed.get((one.module, one.name), one.name))
    return renamed


def free_name(one: Import, taken: set[str]) -> str:
    """A name that tells by its module which of several it is: `Group` of `shop.models` becomes `ShopGroup`."""
    words: list[str] = re.findall(r"[A-Za-z0-9]+", one.module.removesuffix(".models"))
    name = f"{one.name[:1].upper()}{one.name[1:]}"
    for word in reversed(words):
        name = f"{word.capitalize()}{name}"
        if name not in taken:
            return identifier(name)
    while name in taken:
        name += "_"
    return identifier(name)


def name(value: Name, scope: Scope) -> Code:
    if value.id in ("client", "capture_on_commit", "assert_num_queries"):
        return Code(getattr(scope, value.id))
    return Code(f"{scope.owner}.{identifier(value.id)}" if value.row and value.id in scope.shared else identifier(value.id))


def imported(value: Import, scope: Scope) -> Code:
    if not value.name:
        return Code(dotted(value.module), needs(value.module))
    alias = scope.aliases.get((value.module, value.name), "")
    return Code(alias or identifier(value.name), needs(value.module, value.name, alias))


def attribute(value: Attr, scope: Scope) -> Code:
    of = held(value.of, scope)
    return Code(f"{of.text}.{identifier(value.name)}", of.imports)


def held(value: Any, scope: Scope) -> Code:
    """What something is asked of: in brackets where it is awaited."""
    of = scope.write(value)
    return Code(f"({of.text})", of.imports) if isinstance(value, Await) else of


def awaited(value: Await, scope: Scope) -> Code:
    inner = scope.write(value.value)
    return Code(f"await {inner.text}", inner.imports)


def data_file(value: DataFile, scope: Scope) -> Code:
    """The content of a file beside the test."""
    place = f"Path(__file__).with_name({value.name!r})"
    read = {
        "text": 'read_text(encoding="utf-8")',
        "lines": 'read_bytes().decode("utf-8")',
        "json": "read_bytes()",
        "bytes": "read_bytes()",
    }[value.kind]
    if value.kind == "json":
        return Code(f"json.loads({place}.{read})", needs("pathlib", "Path") | needs("json"))
    return Code(f"{place}.{read}", needs("pathlib", "Path"))


def call(value: Call, scope: Scope) -> Code:
    function = scope.write(value.function)
    inner = joined([*(scope.write(arg) for arg in value.args), *keywords(value.kwargs, scope)])
    return Code(f"{function.text}({inner.text})", function.imports | inner.imports)


def keywords(kwargs: tuple[tuple[str, Any], ...], scope: Scope) -> list[Code]:
    return [Code(f"{identifier(key)}={made.text}", made.imports) for key, item in kwargs for made in [scope.write(item)]]


def item(value: Item, scope: Scope) -> Code:
    of = held(value.of, scope)
    if isinstance(value.key, slice):
        start, stop = ("" if part is None else str(int(part)) for part in (value.key.start, value.key.stop))
        return Code(f"{of.text}[{'' if start == '0' else start}:{stop}]", of.imports)
    key = scope.write(value.key)
    return Code(f"{of.text}[{key.text}]", of.imports | key.imports)


def formatted(value: Format, scope: Scope) -> Code:
    """An f-string; what cannot stand in one is added to it."""
    runs: list[list[Any]] = []
    for part in value.parts:
        nests = isinstance(part, str) or NESTS.fullmatch(f"{{{scope.write(part).text}}}") is not None
        if nests and runs and runs[-1][0] is not Format:
            runs[-1].append(part)
        else:
            runs.append([part] if nests else [Format, part])
    return joined([as_text(run[1], scope) if run[0] is Format else interpolated(run, scope) for run in runs], " + ")


def interpolated(parts: Sequence[Any], scope: Scope) -> Code:
    """One f-string; braces and quotes of its texts are escaped by `repr` and doubling. A text alone is a literal."""
    if all(isinstance(part, str) for part in parts):
        return scope.write("".join(parts))
    parted: list[Code] = []
    for part in parts:
        if isinstance(part, str):
            parted.append(Code(repr('"' + part)[2:-1].replace("{", "{{").replace("}", "}}").replace('"', '\\"')))
        else:
            inner = scope.write(part)
            parted.append(Code(f"{{{inner.text}}}", inner.imports))
    inner = joined(parted, "")
    return Code(f'f"{inner.text}"', inner.imports)


NESTS = re.compile(r"\{[A-Za-z_][\w.()\[\], ]*\}", re.ASCII)
"""Expressions that every Python writes inside an f-string: before 3.12 no quotes and backslashes; a brace or colon would mean something else."""


def as_text(part: Any, scope: Scope) -> Code:
    """A part of a sum of texts: what `reverse` gives is one already."""
    piece = scope.write(part)
    if isinstance(part, Call) and part.function == Import("django.urls", "reverse"):
        return piece
    return Code(f"str({piece.text})", piece.imports)


def added(value: Sum, scope: Scope) -> Code:
    return joined([scope.write(value.left), scope.write(value.right)], " + ")


def function(value: Function, scope: Scope) -> Code:
    body = scope.write(value.body)
    rest = f", *{identifier(value.rest)}" if value.rest else ""
    return Code(f"lambda {identifier(value.parameter)}{rest}: {body.text}", body.imports)


def listed(value: Listed, scope: Scope) -> Code:
    each, over = scope.write(value.item), scope.write(value.over)
    where = joined(map(scope.write, value.where), " == ") if value.where else Code("")
    only = f" if {where.text}" if value.where else ""
    return Code(
        f"[{each.text}{' async' if value.asynchronous else ''} for {', '.join(map(identifier, value.names))} in {over.text}{only}]",
        each.imports | over.imports | where.imports,
    )


def logs(value: Logs, scope: Scope) -> Code:
    """`self.assertLogs(…)`, or pytest's `caplog.at_level(…)`."""
    logger, level = scope.write(value.logger).text, scope.write(value.level).text
    if scope.style == "django":
        return Code(f"self.assertLogs({logger}, level={level})")
    return Code(f"caplog.at_level({level}, logger={logger})")


def raises(value: Raises, scope: Scope) -> Code:
    """`self.assertRaisesMessage(…)`, or `pytest.raises(…)`."""
    exception = scope.write(value.exception)
    message = None if value.message is None else scope.write(value.message)
    if scope.style == "django":
        inner = exception if message is None else joined([exception, message])
        return Code(f"self.assertRaises{'' if message is None else 'Message'}({inner.text})", inner.imports)
    match = [] if message is None else [Code(f"match=re.escape({message.text})", message.imports | needs("re"))]
    inner = joined([exception, *match])
    return Code(f"pytest.raises({inner.text})", inner.imports | needs("pytest"))


EXPRESSIONS: Mapping[type, Callable[[Any, Scope], Code]] = {
    Name: name, Import: imported, Attr: attribute, Call: call, Item: item, Format: formatted, Listed: listed, Sum: added, Function: function,
    Raises: raises, Logs: logs, Await: awaited, DataFile: data_file,
}  # fmt: skip


def assign(value: Assign, scope: Scope) -> Code:
    target, made = scope.write(value.target), scope.write(value.value)
    all_of = ", ".join([target.text, *(scope.write(other).text for other in value.others)])
    only = all_of if value.others else f"[{target.text}]"
    shape = {"plain": target.text, "only": only, "pair": f"{target.text}, _"}[value.shape]
    return noted(value.note, Code(f"{shape} = {made.text}", made.imports))


def do(value: Do, scope: Scope) -> Code:
    return noted(value.note, scope.write(value.value))


def set_item(value: SetItem, scope: Scope) -> Code:
    of, key, made = scope.write(value.of), scope.write(value.key), scope.write(value.value)
    return Code(f"{of.text}[{key.text}] = {made.text}", of.imports | key.imports | made.imports)


def set_attr(value: SetAttr, scope: Scope) -> Code:
    of, made = scope.write(value.of), scope.write(value.value)
    return Code(f"{of.text}.{identifier(value.name)} = {made.text}", of.imports | made.imports)


def noted(note: str, code: Code) -> Code:
    """Code with a comment above it. Notes are our own sentences; anything else in them is made harmless."""
    safe = "".join(char for char in note if char.isprintable())
    return Code(f"# {safe}\n{code.text}", code.imports) if safe else code


STATEMENTS: Mapping[type, Callable[[Any, Scope], Code]] = {Assign: assign, Do: do, SetItem: set_item, SetAttr: set_attr}


def statement(value: Any, scope: Scope, check: Callable[[Check, Scope], Code]) -> Code:
    """The code of a statement; assertions are written by the style's `check`."""
    return check(value, scope) if isinstance(value, Check) else STATEMENTS[type(value)](value, scope)


def contexts(values: tuple[Context, ...], scope: Scope) -> list[Code]:
    """The items of a `with` statement."""
    made = [(scope.write(one.value), named_in(one, scope)) for value in values for one in entered(value, scope)]
    return [Code(f"{code.text} as {identifier(name)}" if name else code.text, code.imports) for code, name in made]


def named_in(value: Context, scope: Scope) -> str:
    """The context's variable; pytest keeps records in its fixture."""
    return "" if isinstance(value.value, Logs) and scope.style == "pytest" else value.name


def entered(value: Context, scope: Scope) -> list[Context]:
    """The context; pytest's `caplog` listens at the root, which a logger may keep its records from."""
    if scope.style == "django" or not isinstance(value.value, Logs) or not value.value.stops_at:
        return [value]
    logger = Call(Attr(Import("logging"), "getLogger"), (value.value.stops_at,))
    return [Context(Call(Attr(Attr(Import("unittest", "mock"), "patch"), "object"), (logger, "propagate", True))), value]
