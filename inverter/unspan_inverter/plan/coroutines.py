"""Whether a test is a coroutine function with Django's `AsyncClient`: where the request was, and all that the test does has an asynchronous form."""

import re
from collections.abc import Sequence
from typing import Any, Final

from unspan_proto.project import Project

from unspan_inverter.events import Exchange
from unspan_inverter.plan.expressions import Call, Context, Name, pieces

ENOUGH: Final = (5, 1)
"""The first Django whose client and sessions have asynchronous forms of all that tests do with them."""
KNOWN: Final = frozenset({"content_type", "headers", "secure"})
"""Arguments of a request that mean the same to both clients."""


def is_coroutine(exchange: Exchange, project: Project, request: Any, contexts: Sequence[Context]) -> bool:
    """`request`: the act. A page that streams is read by an assertion that reads no asynchronous stream; callbacks for after the commit are run by a synchronous context, in which
    the database is not to be had."""
    if (
        not exchange.asynchronous
        or version(project) < ENOUGH
        or (exchange.streaming and "html" in exchange.header("Content-Type", of_response=True))
    ):
        return False
    asked = request.value if isinstance(getattr(request, "value", None), Call) else None
    around = list(pieces(contexts))
    blocking = any(one in around for one in (Name("capture_on_commit"), Name("assert_num_queries")))
    return asked is not None and not blocking and {name for name, _ in asked.kwargs} <= KNOWN


def version(project: Project) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)", project.packages.get("django", ""))
    return (int(found[1]), int(found[2])) if found else (0, 0)
