"""The pieces that a plan is written in: expressions and statements as data. Any plain Python value is an expression too: itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from unspan_proto.values import SIMPLE

from unspan_inverter.facts import Key


@dataclass(frozen=True, slots=True)
class Name:
    """A variable. `row` ones become attributes of the class when the rows are shared by its tests."""

    id: str
    row: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """Something imported: `from module import name`, or `import module` when there is no name."""

    module: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attr:
    """`of.name`."""

    of: Any
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`function(*args, **kwargs)`."""

    function: Any
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """`of[key]`."""

    of: Any
    key: Any


@dataclass(frozen=True, slots=True)
class Format:
    """A string put together of texts and expressions."""

    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """`left + right`."""

    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Function:
    """`lambda parameter: body`; the parameter is a Name. `rest`: the name of all further arguments, where it takes them."""

    parameter: str
    body: Any
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Raises:
    """The context in which this exception is expected, with a message where one is asserted."""

    exception: Any
    message: Any = None


@dataclass(frozen=True, slots=True)
class Await:
    """`await value`."""

    value: Any


@dataclass(frozen=True, slots=True)
class DataFile:
    """What a file beside the test holds. `kind`: `text`, `lines` (a text whose line ends matter), `json` or `bytes`."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Logs:
    """The context that takes what a logger gets at a level and above. `stops_at`: the logger, this or one above it, that hands records no further."""

    logger: str
    level: str | int
    stops_at: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """`[item for each of … if where]`: a comprehension over `over`, or over each tuple of it when `names` are several. `where`: a Check, or nothing."""

    item: Any
    names: tuple[str, ...]
    over: Any
    where: tuple[Any, Any] | None = None
    """Two expressions that have to be equal."""
    asynchronous: bool = False


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = value`. `shape`: how the target takes it: `plain`, `only` (the one item of a list, or its first, where `others` take the rest) or `pair` (the
    first of two)."""

    target: Name
    value: Any
    note: str = ""
    shape: str = "plain"
    row: Key | None = field(default=None, compare=False)
    """The row that it makes, where it makes one."""
    others: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Do:
    """An expression for its effect."""

    value: Any
    note: str = ""
    row: Key | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SetItem:
    """`of[key] = value`."""

    of: Any
    key: Any
    value: Any


@dataclass(frozen=True, slots=True)
class SetAttr:
    """`of.name = value`."""

    of: Any
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Context:
    """One `with` context: `value`, bound to `name` when it is not empty."""

    value: Any
    name: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """An assertion by its kind (see `code.assertions`) and what it compares."""

    kind: str
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...] = ()
    note: str = ""


Statement = Assign | Do | SetItem | SetAttr | Check


@dataclass(frozen=True, slots=True)
class Subject:
    """The function that a test calls: its dotted name, the names of what it is given by position, and what the recorded call did, as far as that tells a way
    through its code."""

    function: str
    given: tuple[str, ...] = ()
    ways: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """What a test is done with, one row after the other: a value for each of the names. `traces`: where the rows come from."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    traces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One test: what is arranged, done and asserted, and the names it has."""

    class_name: str
    method_name: str
    trace_id: str
    constants: tuple[Statement, ...]
    """Moments and random values that the test names."""
    rows: tuple[Statement, ...]
    """What fills the database."""
    arrange: tuple[Statement, ...]
    """The client, its session, caches: what is arranged once the rows are there."""
    contexts: tuple[Context, ...]
    act: tuple[Statement, ...]
    asserts: tuple[Statement, ...]
    settings: tuple[tuple[str, Any], ...] = ()
    decorators: tuple[Any, ...] = ()
    databases: tuple[str, ...] = ()
    before_class: tuple[Statement, ...] = ()
    """What is done to the test's database outside of any transaction."""
    needs_database: bool = True
    transactions: bool = False
    """Whether the test must run in real transactions, and not within one that is rolled back."""
    strict_csrf: bool = False
    asynchronous: bool = False
    """Whether the test is a coroutine function with an asynchronous client, where its style has those."""
    level: str = "integration"
    """What is called: the test client, the view, or a function."""
    plain: bool = False
    """Whether it needs nothing of Django: a test case of the standard library's."""
    through_client: bool = True
    """Whether the request is made by the test client, and not handed to the view."""
    functions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shareable: bool = False
    """Whether the rows are made once for the class, even of a test that is alone in it."""
    told_apart: tuple[tuple[str, str], ...] = ()
    """Kind → words by which this test may be told from others of its name, the most telling first."""
    subject: Subject | None = None
    """Of a test of one function."""
    table: Table | None = None
    """Of a test that is done with several rows of values: its statements speak of the names."""
    then: tuple["Plan", ...] = ()
    """The further requests of a journey: each has its own constants, contexts, act and assertions; what stands around the test is said here."""


def call(function: Any, /, *args: Any, **kwargs: Any) -> Call:
    """A call, shortly."""
    return Call(function, args, tuple(kwargs.items()))


def method(of: Any, name: str, /, *args: Any, **kwargs: Any) -> Call:
    """A method call, shortly."""
    return Call(Attr(of, name), args, tuple(kwargs.items()))


def reached(of: Any, path: str) -> Any:
    """`of.a.b`, for a path of our own."""
    for name in path.split("."):
        of = Attr(of, name)
    return of


def pieces(part: Any) -> Iterator[Any]:
    """Everything in statements and expressions, itself first, recorded values too."""
    waiting = [part]
    while waiting:
        part = waiting.pop()
        yield part
        if type(part) in SIMPLE:
            continue
        if isinstance(part, dict):
            inner: Sequence[Any] = (*part.keys(), *part.values())
        elif isinstance(part, (list, tuple, set, frozenset)):
            inner = tuple(part)
        else:
            inner = [getattr(part, slot) for slot in slots(type(part))]
        waiting.extend(reversed(inner))


@cache
def slots(kind: type) -> tuple[str, ...]:
    """The members of a class of ours; none of any other's."""
    return tuple(getattr(kind, "__slots__", ())) if kind.__module__.startswith("unspan_") else ()


def text(parts: Sequence[Any]) -> Any:
    """A string of parts: a plain one when there are no expressions in it."""
    parts = [piece for part in parts for piece in (part.parts if isinstance(part, Format) else (part,))]
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    merged: list[Any] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return Format(tuple(merged))
