"""Calls that have ended as serialised spans."""

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

from unspan_proto import vocabulary as v

from unspan_instrumentation import wire
from unspan_instrumentation.calls.disposition import HEAD, Disposition
from unspan_instrumentation.calls.roles import role, spread
from unspan_instrumentation.encoding import encoded, quoted, written
from unspan_instrumentation.freezing import NOTHING
from unspan_instrumentation.records import Calls
from unspan_instrumentation.redaction import Redactor

IDS: Final = Struct(">Q2sQ")
"""The ids of a span and its parent, and the head of the field between them."""
NO_ERROR: Final[dict[str, str | None]] = {}


class Call(NamedTuple):
    """A call that has ended: the fields of its span that are the same whatever it says, and the texts of its values."""

    plan: Disposition
    span_id: int
    start: int
    end: int
    fields: list[bytes]
    texts: dict[str, bytes]
    yielded: int
    error: tuple[str, str | None] | None


class Draft:
    """Calls on their way to their spans, and those of the parts that are too large for them. What they tell of secrets is learnt at once."""

    __slots__ = ("calls", "redactor", "telling", "trace_id")

    def __init__(self, block: Calls, redactor: Redactor) -> None:
        self.trace_id, self.redactor = block.trace_id, redactor
        self.calls = list(calls(block))
        for plan in {id(call.plan): call.plan for call in self.calls}.values():
            redactor.ran(block.trace_id, plan.name, plan.code)
        self.telling = [redactor.learn(block.trace_id, said(call.error), call.texts) for call in self.calls]

    def spans(self) -> Iterator[bytes]:
        for call, telling in zip(self.calls, self.telling, strict=True):
            others, found = self.redactor.covered(self.trace_id, said(call.error), call.texts, telling)
            fields = call.fields + [wire.string(key, data) for key, data in found.items()]
            if call.yielded:
                fields.append(wire.whole(v.YIELDED, call.yielded))
            if call.error is not None:
                fields.append(failure(call.error[0], others.get(v.EXCEPTION_MESSAGE)))
            if sum(map(len, found.values())) < v.PART_BYTES:
                yield b"".join(fields)
            else:
                yield from in_parts(self.trace_id, call.span_id, call.start, call.end, dict(found), fields)


def said(error: tuple[str, str | None] | None) -> dict[str, str | None]:
    """The message of an exception, as an attribute."""
    return {v.EXCEPTION_MESSAGE: error[1]} if error is not None else NO_ERROR


def calls(block: Calls) -> Iterator[Call]:
    """The calls of a block, one after the other."""
    head = b"\x0a\x10" + block.trace_id.to_bytes(16, "big") + b"\x12\x08"
    values, place = block.values, 0
    while place < len(values):
        plan, span_id, parent, start, end, thread, yielded, error, changes, result = values[place : place + HEAD]
        arguments, following = place + HEAD, place + plan.size
        rest = arguments + len(plan.arguments)
        given, found = texts(plan, values[arguments:rest], values[rest:following], changes)
        place = following
        fields = [
            head, IDS.pack(span_id, b"\x22\x08", parent), wire.TIMES.pack(0x39, start, 0x41, end), constants(plan), wire.thread(thread),
        ]  # fmt: skip
        written = {v.ARGUMENTS: given}
        if found is not None:
            written[v.LOCALS] = found
        if result is not NOTHING:
            written[v.RETURN] = encoded(result)
        yield Call(plan, span_id, start, end, fields, written, yielded, error)


def texts(plan: Disposition, given: list[Any], found: list[Any], changes: dict[str, Any] | None) -> tuple[bytes, bytes | None]:
    """The arguments, and the locals with the arguments that have changed, each as an encoded dict; None for no locals."""
    form, keys = forms(plan)
    try:
        first = (form % tuple(map(written, given))).encode() if given else b"{}"
        pairs = [key + written(value) for key, value in zip(keys, found, strict=True) if value is not NOTHING]
        pairs += [f"{quoted(name)}:{written(value)}" for name, value in changes.items()] if changes else ()
        return first, f"{{{','.join(pairs)}}}".encode() if pairs else None
    except (UnicodeEncodeError, RecursionError):
        named = {name: value for name, value in zip(plan.others, found, strict=True) if value is not NOTHING} | (changes or {})
        return encoded(dict(zip(plan.arguments, given, strict=True))), encoded(named) if named else None


@lru_cache(16_384)
def forms(plan: Disposition) -> tuple[str, list[str]]:
    """What the values of the arguments are put into, and the keys of the locals, with their colons."""
    form = ",".join(f"{quoted(name)}:%s" for name in plan.arguments)
    return f"{{{form}}}", [f"{quoted(name)}:" for name in plan.others]


def failure(kind: str, message: str | None) -> bytes:
    said = b"" if message is None else wire.string(v.EXCEPTION_MESSAGE, wire.utf8(message))
    return wire.constant(v.EXCEPTION_TYPE, kind) + said + wire.ERROR


def in_parts(trace_id: int, span_id: int, start: int, end: int, values: dict[str, bytes], fields: list[bytes]) -> Iterator[bytes]:
    """A call with values that are too large for one span; `fields` are those of the span with them."""
    large = wire.oversize(values)
    cut = {wire.string(key, values[key]) for key in large}
    yield b"".join(field for field in fields if field not in cut)
    for key in large:
        yield from wire.parts(trace_id, span_id, start, end, key, values[key])


@lru_cache(16_384)
def constants(plan: Disposition) -> bytes:
    """The fields of a span that are the same for each call of a function."""
    name = wire.utf8(plan.name)
    settings = wire.string(v.SETTINGS_READ, encoded(list(plan.settings))) if plan.settings else b""
    asked = wire.string(v.REQUEST_ASKED, encoded(list(plan.asked))) if plan.asked else b""
    form = wire.constant(v.CALL_FORM, plan.form) if plan.form else b""
    reached = wire.constant(v.CALL_ROLE, found) if (found := role(plan.code, plan.name)) else b""
    further = wire.string(v.CALL_SPREAD, encoded(list(some))) if (some := spread(plan.code)) else b""
    return b"".join((
        b"\x2a", wire.varint(len(name)), name, b"\x30\x01",
        wire.constant(v.KIND, v.CALL), wire.constant(v.FUNCTION, plan.name), wire.constant(v.FILE, plan.file), wire.whole(v.LINE, plan.line), settings, asked, form, reached, further,
    ))  # fmt: skip
