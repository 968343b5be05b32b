"""The recordings of `examples/hello`, and the tests of each level that they become. `python -m levels.making` in `tests/` writes those of the example anew."""

import gzip
from pathlib import Path

from unspan_inverter.exporting import from_json
from unspan_inverter.generate import generated
from unspan_inverter.recorded import Recorded, only, project_reference
from unspan_inverter.trace import Trace, built
from unspan_proto import vocabulary as v
from unspan_proto.span import from_otlp

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "hello"
NAMES = ("hello", "waldo", "stranger", "private", "class_based")
FILES = {"view": "test_views.py", "unit": "test_functions.py", "surroundings": "test_urls.py"}
ALONE = {"view": NAMES, "unit": ("hello", "waldo", "class_based"), "surroundings": NAMES}
"""Which recordings have tests of a level."""


def trace(name: str) -> Trace:
    """A recording of the example."""
    data = from_json(gzip.decompress((HERE / "traces" / f"{name}.json.gz").read_bytes()).decode(), name)
    trace_id = next(span.trace_id for span in from_otlp(data.resource_spans) if span.what == v.REQUEST)
    mine = only(data, trace_id)
    found = Recorded(trace_id, mine, only(data, project_reference(mine)))
    return built(found.spans(), found.project_spans())


def made(level: str, style: str = "django") -> str:
    """One file with the tests that the recordings become at a level."""
    return generated([trace(name) for name in ALONE[level]], style=style, level=level).source


def golden(level: str) -> Path:
    return EXAMPLE / "greetings" / "tests" / FILES[level]


if __name__ == "__main__":
    for level in FILES:
        golden(level).write_text(made(level))
