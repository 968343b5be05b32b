"""Each fault in one way of starting Django; `make faults` has all of them in every way, with the times."""

import pytest
from launching.forms import Form, Work

from .places import PLACES
from .table import FAULTS, Bench, Fault

SHORT = {
    "one that is killed": "gunicorn",
    "its disk full": "gunicorn threads",
    "SIGTERM": "gunicorn",
}
NOTHING_ARRIVES = ("no collector", "one that fails", "an exception in every hook")
"""Or only what is incomplete."""
FLUSHING = ("gunicorn", "gunicorn threads", "gunicorn preload", "uvicorn workers", "gunicorn uvicorn", "celery prefork")
"""Places that end by Python's exit functions when they are told to end; others end by the signal itself, less than a second after their first request here."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), small=True)


@pytest.mark.parametrize(
    ("fault", "form"),
    [
        pytest.param(fault, form, marks=[] if SHORT.get(fault.name) == form.name else [pytest.mark.deep], id=f"{fault.name}, {form.name}")
        for fault in FAULTS
        for form in PLACES
        if fault.concerns(form)
    ],
)
def test_nobody_notices_and_no_complete_trace_lacks_a_span(bench: Bench, fault: Fault, form: Form | Work) -> None:
    cell = bench.cell(fault, form)
    assert (cell.wrong, cell.lacking) == ([], [])
    assert (cell.whole == 0) <= (fault.name in NOTHING_ARRIVES or (fault.name == "SIGTERM" and form.name not in FLUSHING))
