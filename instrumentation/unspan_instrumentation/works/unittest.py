"""Tests of `unittest`, Django's among them: one unit of work each, from `setUp` to the last cleanup. Inside of pytest its items come first."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from inspect import getattr_static
from typing import Any, Final

from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, begin, current
from unspan_instrumentation.works.units import FAILED, TEST, Work, Works

__unittest = True
"""Keeps our frames out of the tracebacks that the runner prints."""
PASSED, SKIPPED, XFAILED = "passed", "skipped", "xfailed"
SKIP: Final = "__unittest_skip__"
"""What the decorators set on a class or a method that is not to run."""


class Tests:
    def __init__(self, works: Works) -> None:
        self.works = works

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        yield "unittest.case", self.watch
        yield "django.test.runner", self.watch_parallel

    def watch(self, module: Any) -> None:
        around(module.TestCase, "run", self.run)
        skip = module.SkipTest

        def executor(original: Callable[..., Any], outcome: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return part(original, outcome, args, kwargs, skip)

        around(module._Outcome, "testPartExecutor", executor)

    def run(self, original: Callable[..., Any], test: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`TestCase.run(result)`: exceptions of the test do not leave it, `part` sees them."""
        self.works.supersede("runs tests")
        if (outer := current()) is not None:
            quietly(outer, "an asynchronous test", entered, test, outer)
            return original(test, *args, **kwargs)
        with self.works.recorded(work_of(test)) as recording:
            if recording is not None:
                quietly(recording, "an asynchronous test", entered, test, recording)
            return original(test, *args, **kwargs)

    def watch_parallel(self, module: Any) -> None:
        """`manage.py test --parallel` ends its processes without their exit functions."""
        original = module._run_subsuite

        def run_subsuite(args: Any) -> Any:
            try:
                return original(args)
            finally:
                self.works.opens.outbox.leave(FLUSH_SECONDS)

        run_subsuite.__dict__["__wrapped__"] = original
        run_subsuite.__module__, run_subsuite.__name__, run_subsuite.__qualname__ = module.__name__, "_run_subsuite", "_run_subsuite"
        module._run_subsuite = module.ParallelTestSuite.run_subsuite = run_subsuite


FLUSH_SECONDS = 2.0
"""How long a process of a parallel run waits for its traces to leave."""


def work_of(test: Any) -> Work:
    kind: Any = type(test)
    method = str(test.__dict__.get("_testMethodName", ""))
    skipped = getattr_static(kind, SKIP, False) or getattr_static(getattr_static(kind, method, None), SKIP, False)
    return Work(TEST, f"{kind.__module__}.{kind.__qualname__}.{method}", outcome=SKIPPED if skipped is True else PASSED)


def entered(test: Any, recording: Recording) -> None:
    """An asynchronous test of the standard library's runs in a context that was copied when it was made."""
    context = test.__dict__.get("_asyncioTestContext")
    if context is not None:
        context.run(begin, recording)


@contextmanager
def part(original: Any, outcome: Any, args: tuple[Any, ...], kwargs: dict[str, Any], skip: type[BaseException]) -> Generator[None]:
    """`_Outcome.testPartExecutor`: one of `setUp`, the test, a subtest, `tearDown`, a cleanup."""
    with original(outcome, *args, **kwargs):
        recording = current()
        try:
            yield
        except BaseException as error:
            if recording is not None and recording.work is not None:
                quietly(recording, "the test's outcome", note, recording.work, outcome, error, skip)
            raise
        if recording is not None and recording.work is not None and outcome.expecting_failure:
            recording.work.outcome = FAILED  # it succeeded unexpectedly


def note(work: Work, outcome: Any, error: BaseException, skip: type[BaseException]) -> None:
    if isinstance(error, skip):
        work.outcome = SKIPPED if work.error is None else work.outcome
    elif outcome.expecting_failure:
        work.outcome = XFAILED
    elif type(error).__name__ != "_ShouldStop":
        work.raised(error)
