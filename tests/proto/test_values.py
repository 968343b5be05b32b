"""The codec: what goes in comes out, type by type; what cannot is a visible stand-in; nothing of the application runs."""

import array
import ipaddress
import json
import math
import pathlib
import uuid
import zoneinfo
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unspan_proto import values
from unspan_proto.errors import NotEncoded
from unspan_proto.values import Derived, Instance, Interval, ModelRef, Named, Opaque, Truncated, decode, encode

TEXT = st.text(st.characters(codec=None))
"""Any text, lone surrogates included."""
ZONES = st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "UTC", "Pacific/Apia"]).map(zoneinfo.ZoneInfo)
OFFSETS = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59))
FIXED = OFFSETS.map(timezone) | st.builds(timezone, OFFSETS, TEXT) | st.just(timezone.utc)
FOLDS = st.sampled_from([0, 1])
HUGE = st.integers() | st.integers(0, 40_000).map(lambda bits: -(1 << bits)) | st.sampled_from([2**53, -(2**53), 2**53 - 1, 2**63])
"""Integers of any size: Python prints those of up to 4,300 decimal digits only."""
SIZES = st.integers(-1, 2**50)
NAMES = st.text(min_size=1)


def folded(moments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda moment, fold: moment.replace(fold=fold), moments, FOLDS)


OF_TAG: dict[str, st.SearchStrategy[Any]] = {
    "int": HUGE,
    "float": st.floats(),
    "complex": st.complex_numbers(),
    "dict": st.dictionaries(st.integers() | TEXT | st.just("$") | st.tuples(TEXT), TEXT),
    "tuple": st.lists(TEXT | st.integers()).map(tuple),
    "set": st.sets(TEXT | st.integers()),
    "frozenset": st.frozensets(TEXT | st.integers()),
    "bytes": st.binary(),
    "bytearray": st.binary().map(bytearray),
    "memoryview": st.binary().map(memoryview),
    "decimal": st.decimals(),
    "fraction": st.fractions() | st.integers(5000, 6000).map(lambda n: Fraction(10**n, 3)),
    "datetime": folded(st.datetimes() | st.datetimes(timezones=ZONES) | st.datetimes(timezones=FIXED)),
    "date": st.dates(),
    "time": folded(st.times() | st.times(timezones=ZONES) | st.times(timezones=FIXED)),
    "timedelta": st.timedeltas(),
    "timezone": FIXED,
    "zone": ZONES,
    "uuid": st.uuids(),
    "range": st.builds(range, HUGE, HUGE, HUGE.filter(bool)),
    "interval": st.builds(Interval, st.none() | HUGE | st.dates(), st.none() | st.decimals(), st.sampled_from(values.BOUNDS)),
    "slice": st.builds(slice, st.none() | HUGE, st.none() | TEXT, st.none() | HUGE),
    "ellipsis": st.just(...),
    "ipv4": st.ip_addresses(v=4),
    "ipv6": st.ip_addresses(v=6) | st.just(ipaddress.IPv6Address("fe80::1%eth0")),
    "ipv4interface": st.builds(ipaddress.IPv4Interface, st.tuples(st.ip_addresses(v=4), st.integers(0, 32))),
    "ipv6interface": st.builds(ipaddress.IPv6Interface, st.tuples(st.ip_addresses(v=6), st.integers(0, 128))),
    "ipv4network": st.builds(lambda ip, bits: ipaddress.IPv4Network((ip, bits), strict=False), st.ip_addresses(v=4), st.integers(0, 32)),
    "ipv6network": st.builds(lambda ip, bits: ipaddress.IPv6Network((ip, bits), strict=False), st.ip_addresses(v=6), st.integers(0, 128)),
    "posixpath": TEXT.map(pathlib.PurePosixPath),
    "windowspath": TEXT.map(pathlib.PureWindowsPath),
    "opaque": st.builds(Opaque, NAMES),
    "model": st.builds(ModelRef, NAMES, st.integers() | st.uuids(), st.none() | st.dictionaries(NAMES, TEXT | st.decimals())),
    "truncated": st.builds(Truncated, NAMES, SIZES, TEXT | st.binary() | st.lists(TEXT)),
    "derived": st.builds(Derived, NAMES, TEXT | st.integers() | st.lists(TEXT)),
    "object": st.builds(Instance, NAMES, st.dictionaries(NAMES, TEXT | st.decimals())),
    "named": st.builds(Named, st.sampled_from(["function", "method", "class", "module"]), NAMES),
}
"""What to try for each row of TAGS."""

LEAVES = st.one_of(st.none(), st.booleans(), TEXT, HUGE, *OF_TAG.values())
HASHABLE = st.none() | st.booleans() | TEXT | HUGE | st.floats() | st.binary() | st.dates() | st.decimals(allow_nan=False) | st.uuids()
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(TEXT | st.just("$"), inner)
        | st.dictionaries(HASHABLE, inner)
        | st.builds(Derived, NAMES, inner)
        | st.builds(Truncated, NAMES, SIZES, inner)
    ),
    max_leaves=20,
)


def told(value: object) -> object:
    """`value` in a form whose `==` is exact: types count, NaN equals itself, -0.0 is not 0.0, zones and folds are compared."""
    kind = type(value).__name__
    if isinstance(value, (*values.STAND_INS, Interval)):
        return kind, [told(getattr(value, name)) for name in type(value).__slots__]
    if isinstance(value, (float, complex, Decimal)):
        return kind, repr(value)
    if isinstance(value, (list, tuple)):
        return kind, [told(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return kind, {str(told(item)) for item in value}
    if isinstance(value, dict):
        return kind, [(told(key), told(item)) for key, item in value.items()]
    if isinstance(value, (datetime, time)):
        return kind, value.replace(tzinfo=None, fold=0).isoformat(), told(value.tzinfo), value.fold
    if isinstance(value, timezone):
        return kind, value.utcoffset(None), value.tzname(None)
    if isinstance(value, slice):
        return kind, [told(value.start), told(value.stop), told(value.step)]
    return kind, value


def test_every_row_of_the_table_is_tried() -> None:
    assert set(OF_TAG) == {tag.name for tag in values.TAGS}
    assert len({tag.name for tag in values.TAGS}) == len(values.TAGS)


@pytest.mark.parametrize("tag", values.TAGS, ids=lambda tag: tag.name)
def test_a_type_comes_back_as_it_was(tag: values.Tag) -> None:
    @settings(max_examples=60, deadline=None)
    @given(OF_TAG[tag.name])
    def comes_back(value: object) -> None:
        text = encode(value)
        assert told(decode(text)) == told(value)
        assert type(decode(text)) is type(value)
        text.encode()

    comes_back()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(ANYTHING)
def test_nested_values_come_back_as_they_were(value: object) -> None:
    text = encode(value)
    assert "\n" not in text
    assert told(decode(text)) == told(value)


@pytest.mark.deep
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANYTHING)
def test_many_nested_values_come_back_as_they_were(value: object) -> None:
    assert told(decode(encode(value))) == told(value)


DJANGO_FIELDS: dict[str, object] = {
    "AutoField": 7,
    "BigAutoField": 2**62,
    "BinaryField": b"\x00\xff",
    "BinaryField (PostgreSQL)": memoryview(b"\x00\xff"),
    "BooleanField": True,
    "CharField": "quotes \"' and \\ and \n, \x00 and \ud800",
    "DateField": date(2024, 2, 29),
    "DateTimeField": datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=timezone.utc),
    "DateTimeField (naive)": datetime(2026, 11, 21, 9, 30),
    "DecimalField": Decimal("10.50"),
    "DurationField": timedelta(days=-1, microseconds=1),
    "EmailField": "a@b.example",
    "FilePathField": "/tmp/ä",
    "FloatField": -0.0,
    "GenericIPAddressField": "::1",
    "GenericIPAddressField (psycopg)": ipaddress.IPv6Address("::1"),
    "IntegerField": -(2**31),
    "PositiveBigIntegerField": 2**63 - 1,
    "JSONField": {"$": "int", "v": [1, None, {"a": [1.5, True]}]},
    "SlugField": "a-b",
    "TextField": "x" * 100_000,
    "TimeField": time(23, 59, 59, 999999),
    "URLField": "https://example.com/?q=%C3%A4",
    "UUIDField": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "ArrayField": [[1, None], []],
    "HStoreField": {"a": None, "b": "c"},
    "null": None,
}


@pytest.mark.parametrize("value", DJANGO_FIELDS.values(), ids=DJANGO_FIELDS.keys())
def test_the_value_of_a_django_field_comes_back(value: object) -> None:
    assert told(decode(encode(value))) == told(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ({"a": [1, None, True]}, '{"a":[1,null,true]}'),
        (Decimal("10.50"), '{"$":"decimal","v":"10.50"}'),
        ({"$": 1}, '{"$":"dict","v":[["$",1]]}'),
        ({1: "a"}, '{"$":"dict","v":[[1,"a"]]}'),
        (2**53, '{"$":"int","v":"0x20000000000000"}'),
        (math.nan, '{"$":"float","v":"nan"}'),
        (-0.0, "-0.0"),
        ("\ud800", '"\\ud800"'),
        ("ä\x00", '"ä\\u0000"'),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), '{"$":"datetime","v":["2026-01-02T00:00:00",0,0]}'),
        (object(), '{"$":"opaque","v":"object"}'),
        (array.array("i", [1]), '{"$":"opaque","v":"array.array"}'),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0],
)  # fmt: skip
def test_the_text_on_the_wire(value: object, text: str) -> None:
    assert encode(value) == text


def cyclic_list() -> list[object]:
    it: list[object] = [1]
    it.append(it)
    return it


def cyclic_dict() -> dict[str, object]:
    it: dict[str, object] = {"a": 1}
    it["self"] = [it]
    return it


def nested(levels: int, wrap: Callable[[object], object]) -> object:
    it: object = "core"
    for _ in range(levels):
        it = wrap(it)
    return it


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (cyclic_list(), [1, Truncated("list", -1)]),
        (cyclic_dict(), {"a": 1, "self": [Truncated("dict", -1)]}),
    ],
    ids=["list", "dict"],
)
def test_a_cycle_ends_in_a_stand_in(value: object, found: object) -> None:
    assert decode(encode(value)) == found


def test_what_occurs_twice_without_a_cycle_is_carried_twice() -> None:
    shared = [1]
    assert decode(encode([shared, shared])) == [[1], [1]]


@pytest.mark.parametrize(
    "wrap", [lambda it: [it], lambda it: {"k": it}, lambda it: (it,), lambda it: Derived("x", it)], ids=["list", "dict", "tuple", "derived"]
)
@pytest.mark.parametrize("levels", [600, 100_000])
def test_deep_nesting_is_cut_with_a_stand_in(wrap: Callable[[object], object], levels: int) -> None:
    found = decode(encode(nested(levels, wrap)))
    assert values.lossy(found)
    assert decode(encode(found)) == found


@pytest.mark.parametrize("levels", [values.MAX_DEPTH - 1, values.MAX_DEPTH])
def test_nesting_up_to_the_limit_is_carried(levels: int) -> None:
    value = nested(levels, lambda it: [it])
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value", ["x" * 5_000_000, b"\x00" * 5_000_000, list(range(200_000)), 7**300_000], ids=["text", "bytes", "list", "int"]
)
def test_an_oversize_value_is_still_carried_whole(value: object) -> None:
    assert decode(encode(value)) == value


def test_a_released_memoryview_is_opaque() -> None:
    view = memoryview(b"abc")
    view.release()
    assert decode(encode([view])) == [Opaque("memoryview")]


def test_a_strided_memoryview_is_carried_as_its_bytes() -> None:
    assert decode(encode(memoryview(b"abcdef")[::2])) == b"ace"


def test_a_zone_without_a_key_is_opaque(tmp_path: pathlib.Path) -> None:
    with next(pathlib.Path(root) / "Europe/Berlin" for root in zoneinfo.TZPATH if (pathlib.Path(root) / "Europe/Berlin").exists()).open(
        "rb"
    ) as file:
        zone = zoneinfo.ZoneInfo.from_file(file)
    assert decode(encode(zone)) == Opaque("zoneinfo.ZoneInfo")
    assert decode(encode(datetime(2026, 7, 1, tzinfo=zone))) == datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=2)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXT, inner, max_size=3)
        | st.fixed_dictionaries({"$": st.sampled_from([tag.name for tag in values.TAGS]), "v": inner})
    ),
    max_leaves=12,
)


def decoded(text: str) -> None:
    """Decodes, or is refused with a short sentence; any other exception goes up to the test."""
    refusal = None
    try:
        decode(text)
    except NotEncoded as error:
        refusal = str(error)
    assert refusal is None or (refusal.startswith("this is not a value in the trace format: ") and len(refusal) < 400)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_any_json_decodes_or_is_refused(plain: object) -> None:
    decoded(json.dumps(plain))


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_any_text_decodes_or_is_refused(text: str) -> None:
    decoded(text)


@pytest.mark.parametrize("tag", values.TAGS, ids=lambda tag: tag.name)
def test_any_content_of_a_tag_decodes_or_is_refused(tag: values.Tag) -> None:
    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(JSON)
    def refused(plain: object) -> None:
        decoded(json.dumps({"$": tag.name, "v": plain}))

    refused()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "nope", "[" * 100_000, '{"$":"tuple","v":' * 5_000 + "[]" + "}" * 5_000,
        '{"$":"tuple","v":"ab"}', '{"$":"dict","v":{"ab":1}}', '{"$":"set","v":"ab"}', "9" * 5_000, '{"$":"no such","v":1}', '{"$":["int"],"v":1}',
        '{"$":"int"}', '{"$":"int","v":"1","w":2}', '{"$":"zone","v":"Mars/Olympus"}', '{"$":"zone","v":"../../../etc/passwd"}',
        '{"$":"datetime","v":["2026-01-02",9223372036854775807,0]}', '{"$":"fraction","v":["0x1","0x0"]}', '{"$":"set","v":[[1]]}',
        '{"$":"opaque","v":[1]}', '{"$":"interval","v":[1,2,"{}"]}', '{"$":"model","v":["a.B",1,[2]]}', '{"$":"bytes","v":"*"}',
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_broken_texts_are_refused(text: str) -> None:
    with pytest.raises(NotEncoded):
        decode(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"$":"decimal","v":"1e999999999"}',
        '{"$":"range","v":[0,{"$":"int","v":"0xffffffffffffffffffff"},1]}',
        '{"$":"ipv4network","v":"0.0.0.0/0"}',
    ],
)
def test_a_small_text_that_names_a_huge_value_costs_nothing(text: str) -> None:
    assert encode(decode(text))


@pytest.mark.parametrize(
    ("value", "bare"),
    [
        (Derived("SafeString", "x"), "x"),
        ([Derived("Enum", 1), (Derived("P", (Derived("E", 2),)),)], [1, ((2,),)]),
        ({"a": Derived("D", {"b": Derived("S", "c")})}, {"a": {"b": "c"}}),
        (Opaque("x"), Opaque("x")),
    ],
)
def test_bare_takes_the_subclasses_off(value: object, bare: object) -> None:
    assert values.bare(value) == bare


@pytest.mark.parametrize(
    ("value", "lossy"),
    [
        (1, False),
        ([1, {"a": ("b",)}], False),
        ([1, {"a": (Opaque("x"),)}], True),
        ({Opaque("x"): 1}, True),
        (Derived("D", [Truncated("list", 9)]), True),
        (ModelRef("a.B", 1), False),
        (ModelRef("a.B", Opaque("x")), True),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0],
)
def test_lossy_finds_stand_ins_at_any_depth(value: object, lossy: bool) -> None:
    assert values.lossy(value) is lossy
