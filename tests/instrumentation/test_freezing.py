"""A frozen value is what the value was, within limits, and nothing of the application's ran to see it."""

import collections
import datetime as dt
import enum
import threading
import uuid
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unspan_instrumentation.encoding import encoded
from unspan_instrumentation.freezing import MAX_DEPTH, MAX_ITEMS, MAX_NODES, MAX_TEXT, freeze
from unspan_proto.values import Derived, ModelRef, Named, Opaque, Truncated, decode, encode, type_name

HERE = __name__


class Touched(Exception):
    """Something of the application's ran."""


def touch(*args: Any, **kwargs: Any) -> Any:
    raise Touched


HOSTILE = dict.fromkeys(("__repr__", "__str__", "__eq__", "__hash__", "__iter__", "__len__", "__bool__", "__getattr__", "__getattribute__", "__getitem__", "__contains__", "__index__", "__int__", "__float__", "__copy__", "__deepcopy__", "__reduce_ex__", "keys", "items", "values", "copy"), touch)  # fmt: skip


class Meta(type):
    __instancecheck__ = __subclasscheck__ = __getattr__ = __eq__ = __hash__ = touch  # type: ignore[assignment]


Stranger = type("Stranger", (), HOSTILE)
StrangeMeta = Meta("StrangeMeta", (), {})
StrangeText = type("StrangeText", (str,), {**HOSTILE, "__new__": str.__new__})
StrangeInt = type("StrangeInt", (int,), {**HOSTILE, "__new__": int.__new__})
StrangeList = type("StrangeList", (list,), HOSTILE)
StrangeDict = type("StrangeDict", (dict,), HOSTILE)
StrangeSet = type("StrangeSet", (frozenset,), HOSTILE)
StrangeBytes = type("StrangeBytes", (bytes,), HOSTILE)
StrangeMoment = type("StrangeMoment", (dt.datetime,), HOSTILE)


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Point(NamedTuple):
    x: int
    y: list[int]


MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.timezone.utc, fold=1)
CYCLE: list[Any] = [1]
CYCLE.append(CYCLE)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "frozen"),
    [
        (None, None), (True, True), (1, 1), (1.5, 1.5), ("text", "text"), (b"\xff", b"\xff"), (Decimal("1.0"), Decimal("1.0")),
        (MOMENT, MOMENT), (uuid.UUID(int=1), uuid.UUID(int=1)), (range(3), range(3)), (..., ...), (1j, 1j),
        ([1, "a", [2]], [1, "a", [2]]), ((1, (2,)), (1, (2,))), ({1, 2}, {1, 2}), (frozenset("a"), frozenset("a")), ({"a": {1: "b"}}, {"a": {1: "b"}}),
        (slice(1, None), slice(1, None)), (bytearray(b"a"), bytearray(b"a")), (memoryview(b"a"), memoryview(b"a")),
        (Colour.RED, Derived(f"{HERE}.Colour", "red")), (Size.SMALL, Derived(f"{HERE}.Size", 1)), (Point(1, [2]), Derived(f"{HERE}.Point", (1, [2]))),
        (collections.OrderedDict(a=[1]), Derived("collections.OrderedDict", {"a": [1]})),
        (collections.defaultdict(int, a=1), Derived("collections.defaultdict", {"a": 1})),
        (StrangeText("x"), Derived(f"{HERE}.StrangeText", "x")), (StrangeInt(2**70), Derived(f"{HERE}.StrangeInt", 2**70)),
        (StrangeList([1]), Derived(f"{HERE}.StrangeList", [1])), (StrangeDict(a=1), Derived(f"{HERE}.StrangeDict", {"a": 1})),
        (StrangeSet([1]), Derived(f"{HERE}.StrangeSet", frozenset([1]))), (StrangeBytes(b"x"), Derived(f"{HERE}.StrangeBytes", b"x")),
        (StrangeMoment(2026, 1, 2), Derived(f"{HERE}.StrangeMoment", dt.datetime(2026, 1, 2))),
        (Stranger, Named("class", f"{HERE}.Stranger")), (StrangeMeta, Named("class", f"{HERE}.StrangeMeta")), ((i for i in "a"), Opaque("generator")), (print, Named("function", "builtins.print")),
        (threading.Lock(), Opaque(type_name(type(threading.Lock())))),
        ("x" * (MAX_TEXT + 1), Truncated("str", MAX_TEXT + 1, "x" * MAX_TEXT)), (b"x" * (MAX_TEXT + 1), Truncated("bytes", MAX_TEXT + 1, b"x" * MAX_TEXT)),
        (list(range(MAX_ITEMS + 1)), Truncated("list", MAX_ITEMS + 1, list(range(MAX_ITEMS)))),
        (dict.fromkeys(range(MAX_ITEMS + 1)), Truncated("dict", MAX_ITEMS + 1, dict.fromkeys(range(MAX_ITEMS)))),
        (nested(MAX_DEPTH + 1), [[[[[[Truncated("list", 1, None)]]]]]]),
        (CYCLE, [1, [1, [1, [1, [1, [1, Truncated("list", 2, None)]]]]]]),
    ],
    ids=lambda value: type_name(type(value))[-20:] if type(type(value)) is type else "",
)  # fmt: skip
def test_values(value: Any, frozen: Any) -> None:
    found = freeze(value)
    assert type(found) is type(frozen)
    assert encode(found) == encode(frozen)
    assert encoded(found).decode() == encode(frozen)


@pytest.mark.parametrize("make", [Stranger, StrangeMeta], ids=["object", "metaclass"])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: (x,), lambda x: {"a": x}], ids=["itself", "list", "tuple", "dict"])
def test_nothing_of_the_application_runs(make: Any, wrap: Any) -> None:
    assert encode(freeze(wrap(object.__new__(make)))) == encode(wrap(Opaque(type_name(make))))


def test_keys_and_members_of_unknown_types() -> None:
    """Their hash and equality are the application's: a stand-in lists them instead."""
    one = type("Key", (), {"__hash__": lambda self: 1})()
    kind = Opaque(type_name(type(one)))
    assert freeze({one: 1, 2: 3}) == Derived("dict", [[kind, 1], [2, 3]])
    assert freeze({one}) == Derived("set", [kind])


def test_a_later_change_is_not_seen() -> None:
    value = {"a": [1, {"b": 2}], "c": bytearray(b"x")}
    frozen = freeze(value)
    value["a"][1]["b"] = 3  # type: ignore[index]
    value["a"].append(4)  # type: ignore[union-attr]
    value["c"][0] = 0  # type: ignore[index]
    assert frozen == {"a": [1, {"b": 2}], "c": bytearray(b"x")}


def test_a_snapshot_is_bounded() -> None:
    """A tree of 200 × 200 × 200 items costs no more than one of MAX_NODES."""
    leaf = list(range(MAX_ITEMS))
    tree = [[leaf] * MAX_ITEMS] * MAX_ITEMS

    def nodes(value: Any) -> int:
        if isinstance(value, Truncated):
            return nodes(value.start)
        return 1 + sum(map(nodes, value)) if isinstance(value, list) else 1

    assert nodes(freeze(tree)) <= 2 * MAX_NODES


def test_a_container_that_changes_meanwhile() -> None:
    """Another thread may change a container at any moment: the value or a stand-in, never an exception."""
    shared: dict[int, int] = {}
    stop = threading.Event()

    def churn() -> None:
        n = 0
        while not stop.is_set():
            shared[n % 50] = n
            shared.pop((n * 7) % 50, None)
            n += 1

    thread = threading.Thread(target=churn)
    thread.start()
    found = {type(freeze(shared)) for _ in range(2_000)}
    stop.set()
    thread.join()
    assert found <= {dict, Opaque, Truncated}


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.datetimes() | st.uuids() | st.timedeltas()
    | st.characters(categories=("Cs",)) | st.builds(Opaque, st.text()) | st.builds(ModelRef, st.text(), st.integers(), st.dictionaries(st.text(), st.integers()))
    | st.sampled_from([Colour.RED, Size.SMALL, 2**53, -(2**53), 10**400, float("nan")])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers() | st.just("$"), inner)
    | st.frozensets(st.integers() | st.text()),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_the_fast_encoder_writes_what_the_codec_writes(value: Any) -> None:
    frozen = freeze(value)
    assert encoded(frozen).decode() == encode(frozen)
    decode(encoded(frozen).decode())
