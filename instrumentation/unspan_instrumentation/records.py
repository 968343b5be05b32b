"""What seams hand over and the exporter's queue holds: spans before they are spans, and notes for the redaction. And what each weighs."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing.limits import Weight

RECORD_BYTES: Final = 700
"""What a record takes in memory, beside what `Weight` says."""
SHORT: Final = 2_048
"""Characters of a text that a bare root keeps."""


class Record(NamedTuple):
    """One span before it is a span. Attribute values whose names are in `vocabulary.ENCODED` are frozen (see `freezing`), others OTLP scalars."""

    trace_id: int
    span_id: int
    parent_id: int
    kind: str
    name: str
    start: int
    end: int
    attributes: Mapping[str, Any]
    failed: bool = False
    span_kind: int = 1
    links: tuple[tuple[int, int], ...] = ()
    """Trace id and span id of spans elsewhere that this one has to do with."""


class Within(NamedTuple):
    """Where a request that was made inside a unit of work belongs: the trace of its server span, and the span of the work that it is below."""

    trace_id: int
    parent: int


class Calls(NamedTuple):
    """Calls of one trace that have ended, as `calls.activations` leaves them: all values in one list."""

    trace_id: int
    values: list[Any]
    number: int
    """How many calls they are."""


class Verified(NamedTuple):
    """Nothing that is sent: a password was found to be that of a hash, so that what stands in their places has to fit, too."""

    trace_id: int
    password: str
    encoded: str
    attributes: Mapping[str, Any] = {}  # noqa: RUF012


class Signed(NamedTuple):
    """Nothing that is sent: the application found its own signature under a text, by a signer of Django's; `how` as in the vault."""

    trace_id: int
    text: str
    how: str
    attributes: Mapping[str, Any] = {}  # noqa: RUF012


class Heard(NamedTuple):
    """Nothing that is sent: what a request brought with it, told at its beginning, so that secrets in it are known before its span comes."""

    trace_id: int
    attributes: Mapping[str, Any]


def bare(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Those that weigh nearly nothing: what was asked, and what became of it. For a root that there is no room for."""
    return {
        name: value
        for name, value in attributes.items()
        if type(value) in (bool, int, float) or (type(value) is str and len(value) <= SHORT)
    }


def weight(record: Any) -> int:
    """Rough bytes of a record, with what was frozen for it: all since the last one was queued."""
    return Weight.bytes + (RECORD_BYTES * record.number if type(record) is Calls else RECORD_BYTES + unfrozen(record))


def unfrozen(record: Any) -> int:
    """Rough bytes of a record's values that were not weighed when they were frozen: rows, bodies."""
    if type(record) is Record and record.kind == v.SQL:  # its rows, its text and what it writes are weighed as they come
        return 0
    found = 0
    for value in record.attributes.values():
        kind = type(value)
        if kind is str or kind is bytes:
            found += len(value)
        elif kind is list:
            found += 200 * len(value)
    return found
