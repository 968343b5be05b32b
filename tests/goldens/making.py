"""The goldens: recorded requests of a todo application, and the tests that they become. `python -m goldens.making` in `tests/` writes them anew."""

import gzip
from pathlib import Path

from unspan_inverter.exporting import from_json
from unspan_inverter.generate import generated
from unspan_inverter.recorded import Recorded, only, project_reference
from unspan_inverter.trace import Trace, built
from unspan_proto import vocabulary as v
from unspan_proto.span import from_otlp

HERE = Path(__file__).parent
NAMES = sorted(one.name.removesuffix(".json.gz") for one in (HERE / "traces").iterdir())
STYLES = ("django", "pytest")


def trace(name: str) -> Trace:
    """The recording."""
    data = from_json(gzip.decompress((HERE / "traces" / f"{name}.json.gz").read_bytes()).decode(), name)
    trace_id = next(span.trace_id for span in from_otlp(data.resource_spans) if span.what == v.REQUEST)
    mine = only(data, trace_id)
    found = Recorded(trace_id, mine, only(data, project_reference(mine)))
    return built(found.spans(), found.project_spans())


def golden(name: str, style: str) -> Path:
    return HERE / style / f"{name}.py"


def made(name: str, style: str) -> str:
    """The test that the recording becomes today."""
    return generated([trace(name)], style=style).source


if __name__ == "__main__":
    for style in STYLES:
        for name in NAMES:
            golden(name, style).write_text(made(name, style))
    print(f"==> wrote {len(NAMES)} goldens in each style; look at the difference before you commit it")
