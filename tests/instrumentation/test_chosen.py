"""Which requests are recorded, and what of them where values are not."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from unspan_instrumentation.request.chosen import chosen
from unspan_instrumentation.settings import read
from unspan_proto import vocabulary as v

from .serving import Server
from .sink import Sink

LOW, HIGH = 1, (1 << 128) - 1
"""Trace ids at both ends of what a share is decided by."""


@pytest.mark.parametrize(
    ("settings", "path", "header", "trace_id", "recorded"),
    [
        ({}, "/", None, HIGH, True),
        ({"PATHS": "/api/*"}, "/api/x/", None, LOW, True),
        ({"PATHS": "/api/*"}, "/admin/", None, LOW, False),
        ({"PATHS": "!/health*"}, "/healthz", None, LOW, False),
        ({"PATHS": "!/health*"}, "/", None, LOW, True),
        ({"PATHS": "/api/*,!*/health"}, "/api/health", None, LOW, False),
        ({"SAMPLE": "0.5"}, "/", None, LOW, True),
        ({"SAMPLE": "0.5"}, "/", None, HIGH, False),
        ({"SAMPLE": "0"}, "/", None, LOW, False),
        ({"SAMPLE": "0", "HEADER": "X-Record"}, "/", "1", HIGH, True),
        ({"HEADER": "X-Record"}, "/", "0", LOW, False),
        ({"HEADER": "X-Record"}, "/", None, LOW, True),
        ({"PATHS": "/api/*", "HEADER": "x-record"}, "/", "yes", LOW, True),
        ({}, "/", "0", LOW, True),
    ],
)
def test_which_requests_are_recorded(settings: dict[str, str], path: str, header: str | None, trace_id: int, recorded: bool) -> None:
    request = SimpleNamespace(path=path, META={} if header is None else {"HTTP_X_RECORD": header})
    assert chosen(request, trace_id, read({f"UNSPAN_{name}": value for name, value in settings.items()})) is recorded


def test_a_trace_without_values_says_so(project: Path) -> None:
    """What ran and which statements are there; no argument, local, result, parameter or row."""
    with Sink() as sink:
        env = {"UNSPAN_ENDPOINT": sink.address, "UNSPAN_EXPORT_INTERVAL": "0.05", "UNSPAN_VALUES": "0", "UNSPAN_PATHS": "!/skipped*"}
        with Server(project, env=env) as server:
            server.ask("/skipped/")
            assert server.ask("/hello/4/").status == 200
            assert server.ask("/models/").status == 200
            traces = sink.traces(2)
    spans = [span for trace in traces for span in trace]
    calls, statements = ([span for span in spans if span.what == kind] for kind in (v.CALL, v.SQL))
    assert {"shop.views.hello", "shop.views.double"} <= {str(span.attributes[v.FUNCTION]) for span in calls}
    assert {span.attributes[v.ARGUMENTS] for span in calls} == {"{}"}
    assert [name for span in calls for name in (v.LOCALS, v.RETURN) if name in span.attributes] == []
    assert statements
    assert [name for span in statements for name in (v.ROWS, v.PARAMETERS, v.WRITTEN) if name in span.attributes] == []
    assert {str(span.value(v.LOST)) for span in spans if span.what == v.END} == {
        "['arguments, locals, results and rows were not recorded: UNSPAN_VALUES=0']"
    }
