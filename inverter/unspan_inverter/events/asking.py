"""What middleware asked the database before the view was called, and whether it did more than ask."""

from dataclasses import dataclass
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.values import bare

from unspan_inverter.events.writes import parameters
from unspan_inverter.trace import Trace


@dataclass(frozen=True, slots=True)
class Asked:
    """The statements of one middleware. `models`: labels of what it read, an empty one where no model was asked; `given`: all parameters."""

    middleware: str
    models: frozenset[str]
    given: tuple[Any, ...]
    writes: bool


def asked_before(trace: Trace) -> tuple[Asked, ...]:
    """Each middleware that asked, outermost first."""
    found: dict[str, Asked] = {}
    for span in trace.spans:
        middleware = str(span.attributes.get(v.SQL_MIDDLEWARE, ""))
        if span.what != v.SQL or not middleware:
            continue
        before = found.get(middleware, Asked(middleware, frozenset(), (), False))
        found[middleware] = Asked(
            middleware,
            before.models | {str(span.attributes.get(v.MODEL, ""))},
            (*before.given, *map(bare, parameters(span))),
            before.writes or span.attributes.get(v.OPERATION) != "SELECT",
        )
    return tuple(found.values())
