"""Calls that have ended as serialised spans."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from unspan_proto import vocabulary as v

from unspan_instrumentation import wire
from unspan_instrumentation.calls.activations import ARGUMENTS, END, LOCALS, NOTHING, RESULT, SPAN, START
from unspan_instrumentation.calls.disposition import Disposition
from unspan_instrumentation.encoding import encoded
from unspan_instrumentation.recording import Calls


def spans(block: Calls) -> Iterator[bytes]:
    """Their spans, and those of the parts that are too large for them."""
    head = b"\x0a\x10" + block.trace_id.to_bytes(16, "big") + b"\x12\x08"
    for call in block.calls:
        _, span_id, _, plan, parent, start, arguments, _, thread, yielded, end, found, result, error = call
        size = len(given := encoded(arguments))
        fields = [
            head, span_id.to_bytes(8, "big"), b"\x22\x08", parent.to_bytes(8, "big"), wire.TIMES.pack(0x39, start, 0x41, end),
            constants(id(plan), plan), wire.thread(thread), wire.string(v.ARGUMENTS, given),
        ]  # fmt: skip
        if found:
            size += len(named := encoded(found))
            fields.append(wire.string(v.LOCALS, named))
        if result is not NOTHING:
            size += len(returned := encoded(result))
            fields.append(wire.string(v.RETURN, returned))
        if yielded:
            fields.append(wire.whole(v.YIELDED, yielded))
        if error is not None:
            fields.append(failure(*error))
        if size < v.PART_BYTES:
            yield b"".join(fields)
        else:
            yield from in_parts(block.trace_id, call, fields)


def failure(kind: str, message: str | None) -> bytes:
    said = b"" if message is None else wire.string(v.EXCEPTION_MESSAGE, wire.utf8(message))
    return wire.constant(v.EXCEPTION_TYPE, kind) + said + wire.ERROR


def in_parts(trace_id: int, call: list[Any], fields: list[bytes]) -> Iterator[bytes]:
    """A call with values that are too large for one span; `fields` are those of the span with them."""
    span_id, start, end, arguments, found, result = (call[place] for place in (SPAN, START, END, ARGUMENTS, LOCALS, RESULT))
    texts = {v.ARGUMENTS: encoded(arguments), v.LOCALS: encoded(found), v.RETURN: b"" if result is NOTHING else encoded(result)}
    large = wire.oversize(texts)
    cut = {wire.string(key, texts[key]) for key in large}
    yield b"".join(field for field in fields if field not in cut)
    for key in large:
        yield from wire.parts(trace_id, span_id, start, end, key, texts[key])


@lru_cache(16_384)
def constants(identity: int, plan: Disposition) -> bytes:
    """The fields of a span that are the same for each call of a function."""
    name = wire.utf8(plan.name)
    return b"".join((
        b"\x2a", wire.varint(len(name)), name, b"\x30\x01",
        wire.constant(v.KIND, v.CALL), wire.constant(v.FUNCTION, plan.name), wire.constant(v.FILE, plan.file), wire.whole(v.LINE, plan.line),
    ))  # fmt: skip
