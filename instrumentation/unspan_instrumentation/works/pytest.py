"""Tests of pytest: one unit of work each, its fixtures and their end included. No plugin: nothing is registered in a run that is not recorded."""

from collections.abc import Callable, Iterator
from typing import Any

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.works.units import FAILED, TEST, Work, Works, wrapped

PASSED, SKIPPED, XFAILED = "passed", "skipped", "xfailed"


class Items:
    def __init__(self, works: Works) -> None:
        self.works = works

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        yield "_pytest.runner", self.watch

    def watch(self, module: Any) -> None:
        wrapped(module, "runtestprotocol", self.run)
        wrapped(module, "check_interactive_exception", seen)

    def run(self, original: Callable[..., Any], item: Any, *args: Any, **kwargs: Any) -> Any:
        """`runtestprotocol(item)`: setup, call and teardown; returns their reports."""
        self.works.supersede("runs tests")
        if current() is not None:
            return original(item, *args, **kwargs)
        work = Work(TEST, str(item.nodeid), module=str(getattr(getattr(item, "module", None), "__name__", "")), outcome=PASSED)
        with self.works.recorded(work) as recording:
            reports = original(item, *args, **kwargs)
            if recording is not None:
                quietly(recording, "the test's outcome", judge, work, reports)
            return reports


def judge(work: Work, reports: Any) -> None:
    """An exception counts where a report says that the test failed by it."""
    outcomes = {str(report.outcome) for report in reports}
    expected = any(hasattr(report, "wasxfail") for report in reports)
    work.outcome = FAILED if "failed" in outcomes else PASSED if "skipped" not in outcomes else XFAILED if expected else SKIPPED
    if work.outcome != FAILED:
        work.error = None


def seen(original: Callable[..., Any], call: Any, report: Any) -> Any:
    """`check_interactive_exception(call, report)`: asked of each part of a test."""
    recording, excinfo = current(), getattr(call, "excinfo", None)
    if excinfo is not None and recording is not None and recording.work is not None and getattr(report, "failed", False):
        quietly(recording, "the test's exception", recording.work.raised, excinfo.value)
    return original(call, report)
