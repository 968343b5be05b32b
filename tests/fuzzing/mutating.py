"""Recorded traces, spoiled by chance, as documents of OTLP/JSON for the inverter. What is sent to the receiver is `messages`' business."""

import copy
import gzip
import json
import random
from pathlib import Path
from typing import Any

TRACES = Path(__file__).parents[1] / "goldens" / "traces"
NAMES = sorted(path.name for path in TRACES.iterdir())
CANARY = "planted_by_a_trace"
HOSTILE = (
    f"'''\n{CANARY}()\n'''", f'"""\n{CANARY}()\n"""', f"\\'); {CANARY}(); ('", f"{{{CANARY}()}}", f"{{{{ {CANARY}() }}}}", f"x\n\nimport {CANARY}\n", f"{CANARY}\r", "\\", "\x00", "\ud800",
    "a" * 70_000, "", "-1", "[" * 3_000, '{"$":"decimal","v":"NaN"}', '{"$":"unheard of","v":1}', '{"$":"int","v":"0xg"}', "null", "[]", "{}", "1e999",
)  # fmt: skip
VALUES: tuple[dict[str, Any], ...] = (
    *({"stringValue": text} for text in HOSTILE), {"intValue": "-9223372036854775808"}, {"intValue": "200"}, {"doubleValue": 1e308}, {"boolValue": True},
    {"bytesValue": "AAEC"}, {"arrayValue": {"values": []}}, {"kvlistValue": {"values": []}}, {},
)  # fmt: skip


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((TRACES / name).read_bytes()))
    return found


def spans_of(whole: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The lists that spans stand in."""
    return [scope["spans"] for resource in whole["resourceSpans"] for scope in resource["scopeSpans"] if scope.get("spans")]


def spoiled(whole: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A copy with one to four changes."""
    found = copy.deepcopy(whole)
    for _ in range(chance.randint(1, 4)):
        lists = [one for one in spans_of(found) if one]
        if lists:
            chance.choice(CHANGES)(chance.choice(lists), chance)
    return found


def drop(spans: list[dict[str, Any]], chance: random.Random) -> None:
    spans.pop(chance.randrange(len(spans)))


def twice(spans: list[dict[str, Any]], chance: random.Random) -> None:
    spans.insert(chance.randrange(len(spans)), copy.deepcopy(chance.choice(spans)))


def shuffle(spans: list[dict[str, Any]], chance: random.Random) -> None:
    chance.shuffle(spans)


def other_field(spans: list[dict[str, Any]], chance: random.Random) -> None:
    span, other = chance.choice(spans), chance.choice(spans)
    name = chance.choice(("name", "startTimeUnixNano", "endTimeUnixNano", "spanId", "parentSpanId", "traceId"))
    if name in other:
        span[name] = other[name]


def hostile_name(spans: list[dict[str, Any]], chance: random.Random) -> None:
    chance.choice(spans)["name"] = chance.choice(HOSTILE)


def other_value(spans: list[dict[str, Any]], chance: random.Random) -> None:
    attributes = chance.choice(spans).get("attributes")
    if attributes:
        chance.choice(attributes)["value"] = chance.choice(VALUES)


def no_value(spans: list[dict[str, Any]], chance: random.Random) -> None:
    attributes = chance.choice(spans).get("attributes")
    if attributes:
        attributes.pop(chance.randrange(len(attributes)))


def foreign_value(spans: list[dict[str, Any]], chance: random.Random) -> None:
    """The value of another attribute, perhaps of another kind of span."""
    one, other = chance.choice(spans).get("attributes"), chance.choice(spans).get("attributes")
    if one and other:
        chance.choice(one)["value"] = copy.deepcopy(chance.choice(other)["value"])


def inner_value(spans: list[dict[str, Any]], chance: random.Random) -> None:
    """Something inside of an encoded value: a name of a column, a row, a header."""
    texts = [one for one in chance.choice(spans).get("attributes") or () if str(one["value"].get("stringValue", ""))[:1] in ("[", "{")]
    if texts:
        one = chance.choice(texts)
        try:
            value = json.loads(one["value"]["stringValue"])
        except (ValueError, RecursionError):
            return
        one["value"]["stringValue"] = json.dumps(inside(value, chance))


def inside(value: Any, chance: random.Random) -> Any:
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        value[at] = inside(value[at], chance)
        return value
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        value[key] = inside(value[key], chance)
        return value
    return chance.choice((*HOSTILE, None, 0, -1, True, 1.5, [], {}, [[]], 2**70))


CHANGES = (
    drop,
    twice,
    shuffle,
    other_field,
    hostile_name,
    other_value,
    other_value,
    no_value,
    foreign_value,
    inner_value,
    inner_value,
    inner_value,
)
