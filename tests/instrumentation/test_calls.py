"""Both cores record the same of the same calls: one table, run on `sys.setprofile` everywhere and on `sys.monitoring` where there is one."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from unspan_instrumentation.calls import choosing, encoding, threads
from unspan_instrumentation.calls.core import Core, Nothing
from unspan_instrumentation.calls.disposition import Project
from unspan_instrumentation.calls.profiling import Profiling
from unspan_instrumentation.recording import DROPPED, Recording, begin, finish, open_calls
from unspan_instrumentation.records import Calls
from unspan_instrumentation.redaction import Redactor
from unspan_instrumentation.settings import Settings
from unspan_proto import vocabulary as v
from unspan_proto.span import Span, Wire, from_wire
from unspan_proto.values import Instance, Named, Opaque

from . import functions

PROJECT = Project((), include=(functions.__name__,))
CORES = ["setprofile", *(["monitoring"] if sys.version_info >= (3, 12) else [])]


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> Iterator[Core]:
    if request.param == "setprofile":
        yield Profiling(PROJECT, "")
        return
    from unspan_instrumentation.calls.monitoring import Monitoring

    found = Monitoring(PROJECT, 4, "")
    found.install()
    yield found
    found.uninstall()


class Recorded:
    """A recording that keeps what it is given."""

    def __init__(self, core: Core, **settings: Any) -> None:
        self.core = core
        self.blocks: list[Calls] = []
        self.recording = Recording(1, 2, self.take, Settings(**settings))

    def take(self, record: Any) -> bool:
        if isinstance(record, Calls):
            self.blocks.append(record)
        return True

    def __enter__(self) -> "Recorded":
        self.token = begin(self.recording)
        self.core.entered(self.recording)
        return self

    def __exit__(self, *args: object) -> None:
        self.core.left(self.recording)
        finish(self.token)
        self.core.finish(self.recording)
        self.recording.end()

    def spans(self) -> list[Span]:
        """In the order of their starts."""
        found = [from_wire(Wire.FromString(data)) for block in self.blocks for data in encoding.Draft(block, Redactor(Settings())).spans()]
        return sorted(found, key=lambda span: int(span.span_id, 16))


def recorded(core: Core, function: Callable[[], Any], **settings: Any) -> list[Span]:
    with Recorded(core, **settings) as one:
        try:
            function()
        except (KeyError, ValueError):
            pass
    assert open_calls.stack == []
    return one.spans()


def told(spans: list[Span]) -> list[tuple[Any, ...]]:
    """Of each call: its parent's place in the list, the function, arguments, locals, result, suspensions, exception."""
    places = {span.span_id: place for place, span in enumerate(spans)}
    return [
        (
            places.get(span.parent_id), span.name.rpartition("functions.")[2], span.value(v.ARGUMENTS), span.value(v.LOCALS, {}),
            span.value(v.RETURN, "raised"), span.attributes.get(v.YIELDED, 0), failure(span),
        )
        for span in spans
    ]  # fmt: skip


def failure(span: Span) -> str:
    kind = span.attributes.get(v.EXCEPTION_TYPE, "")
    assert (span.status == 2) == bool(kind)
    return f"{kind}: {span.attributes.get(v.EXCEPTION_MESSAGE, '')}" if kind else ""


def call(
    parent: int | None, name: str, arguments: Any = None, found: Any = None, result: Any = None, yielded: int = 0, error: str = ""
) -> tuple[Any, ...]:
    return parent, name, arguments or {}, found or {}, "raised" if error else result, yielded, error


GENERATOR = Opaque("generator")
TABLE: dict[str, tuple[Callable[[], Any], list[tuple[Any, ...]]]] = {
    "arguments, locals, result": (lambda: functions.plain(1), [call(None, "plain", {"a": 1, "b": 2}, {"total": 3}, 3)]),
    "every kind of argument": (
        lambda: functions.signature(1, 2, 3, named=5, x=6),
        [call(None, "signature", {"first": 1, "second": 2, "rest": (3,), "named": 5, "more": {"x": 6}})],
    ),
    "nothing": (functions.nothing, [call(None, "nothing")]),
    "nested": (
        lambda: functions.nested(5),
        [call(None, "nested", {"a": 5}, result=17), call(0, "plain", {"a": 5, "b": 2}, {"total": 7}, 7),
         call(0, "plain", {"a": 5, "b": 5}, {"total": 10}, 10)],
    ),
    "recursion": (lambda: functions.recursive(3), [call(3 - n - 1 if n < 3 else None, "recursive", {"n": n}, result=n) for n in (3, 2, 1, 0)]),
    "changed arguments": (lambda: functions.rebinds(1, [0]), [call(None, "rebinds", {"a": 1, "b": [0]}, {"a": 2, "b": [0, 2]})]),
    "unchanged arguments": (lambda: functions.unchanged([1]), [call(None, "unchanged", {"b": [1]}, result=[1])]),
    "a deleted argument": (lambda: functions.deletes(1), [call(None, "deletes", {"a": 1})]),
    "a closure": (
        lambda: functions.closure(1),
        [call(None, "closure", {"a": 1}, {"inner": Named("function", f"{functions.__name__}.closure.<locals>.inner"), "a": 2}, 2), call(0, "closure.<locals>.inner", result=2)],
    ),
    "a comprehension is no call": (lambda: functions.comprehension(3), [call(None, "comprehension", {"n": 3}, result=[0, 1, 4])]),
    "an exception on its way": (
        functions.catches,
        [call(None, "catches", result="('gone', 1)"), call(0, "passes_on", error="KeyError: gone, 1"),
         call(1, "raises", {"a": 1}, error="KeyError: gone, 1"), call(0, "handled", {"error": Instance("KeyError", {"args": ("gone", 1)})}, result="('gone', 1)")],
    ),
    "an exception made of another": (
        functions.tries,
        [call(None, "tries", result="done"), call(0, "translates", error="ValueError: another"),
         call(1, "raises", {"a": 2}, error="KeyError: gone, 2")],
    ),
    "a generator": (
        functions.consumes,
        [call(None, "consumes", result=[0, 1]), call(0, "generator", {"n": 2}, {"i": 1, "received": None}, None, 2)],
    ),
    "a generator that is sent to": (
        functions.sends,
        [call(None, "sends", found={"steps": GENERATOR}, result=[0, 70, 1]), call(0, "generator", {"n": 2}, {}, "raised", 3)],
    ),
    "a delegating generator": (
        lambda: list(functions.delegates()),
        [call(None, "delegates", yielded=2), call(0, "generator", {"n": 2}, {"i": 1, "received": None}, None, 2)],
    ),
    "an exception thrown into a generator": (
        functions.throws,
        [call(None, "throws", found={"steps": GENERATOR}, result="thrown"), call(0, "generator", {"n": 2}, {"i": 0}, yielded=1, error="ValueError: thrown"),
         call(0, "handled", {"error": Instance("ValueError", {"args": ("thrown",)})}, result="thrown")],
    ),
    "two generators in turns": (
        functions.interleaves,
        [call(None, "interleaves", found={"one": GENERATOR, "other": GENERATOR}, result=[0, 0, 1, 1]),
         call(0, "generator", {"n": 2}, {}, "raised", 2), call(0, "generator", {"n": 2}, {}, "raised", 2)],
    ),
    "methods": (
        functions.uses_thing,
        [call(None, "uses_thing", found={"thing": Opaque(f"{functions.__name__}.Thing")}, result=4),
         call(0, "Thing.made", {"cls": Named("class", f"{functions.__name__}.Thing")}, result=Opaque(f"{functions.__name__}.Thing")),
         call(0, "Thing.method", {"self": Opaque(f"{functions.__name__}.Thing"), "a": 1}, result=1),
         call(0, "Thing.size", {"self": Opaque(f"{functions.__name__}.Thing")}, result=3)],
    ),
    "a finaliser": (
        functions.leaves_a_finaliser,
        [call(None, "leaves_a_finaliser", found={"Finalised": Named("class", f"{functions.__name__}.leaves_a_finaliser.<locals>.Finalised")}),
         call(0, "leaves_a_finaliser.<locals>.Finalised.__del__", {"self": Opaque(f"{functions.__name__}.leaves_a_finaliser.<locals>.Finalised")}),
         call(1, "nothing")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_what_is_recorded_of_calls(core: Core, name: str) -> None:
    function, expected = TABLE[name]
    assert told(recorded(core, function)) == expected


def test_an_exception_that_nobody_looks_at(core: Core) -> None:
    """`sys.setprofile` does not say which exception it was, and a handler that calls nothing does not show it."""
    name = "unknown: " if isinstance(core, Profiling) else "KeyError: gone, 3"
    assert told(recorded(core, functions.swallows)) == [call(None, "swallows", result="swallowed"), call(0, "raises", {"a": 3}, error=name)]


def test_an_abandoned_generator_ends_with_the_recording(core: Core) -> None:
    spans = told(recorded(core, functions.abandons))
    assert [one[1:3] for one in spans] == [("abandons", {}), ("generator", {"n": 3})]
    assert spans[1][5] == 1


def test_generators_abandoned_one_after_another(core: Core) -> None:
    """Each takes the place in memory of the one before, of whose end Python tells nothing."""
    names = [span.name.rpartition(".")[2] for span in recorded(core, functions.abandons_three)]
    assert names == ["abandons_three", *["abandons", "generator"] * 3]


def test_recursion_a_thousand_deep(core: Core) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(5_000)
    try:
        spans = recorded(core, lambda: functions.recursive(1_000))
    finally:
        sys.setrecursionlimit(limit)
    assert [span.value(v.RETURN) for span in spans] == list(range(1_000, -1, -1))
    assert [span.parent_id for span in spans[1:]] == [span.span_id for span in spans[:-1]]


def test_generators_and_coroutines_that_move_between_threads(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)
    monkeypatch.setattr(ThreadPoolExecutor, "submit", ThreadPoolExecutor.submit)
    threads.watch(core)
    found = {one[1]: one for one in told(recorded(core, functions.moves))}
    assert (found["moves"][4], found["slow"]) == ([0, 1, 5], call(0, "slow", {"n": 5}, result=5, yielded=1))
    assert (found["generator"][0], found["generator"][5]) == (0, 2)
    assert found["moves.<locals>.rest"][:2] == (0, "moves.<locals>.rest")


def test_coroutines_nest_though_they_take_turns(core: Core) -> None:
    spans = told(recorded(core, functions.runs))
    assert spans == [
        call(None, "runs", result=[1, 2]), call(0, "gathers", result=[1, 2], yielded=spans[1][5]),
        call(spans[2][0], "slow", {"n": 1}, result=1, yielded=1), call(spans[3][0], "slow", {"n": 2}, result=2, yielded=1),
    ]  # fmt: skip


def test_asynchronous_generators(core: Core) -> None:
    spans = told(recorded(core, functions.runs_steps))
    assert [(one[1], one[4]) for one in spans] == [("runs_steps", [1, 2]), ("collects", [1, 2]), ("steps", None), ("slow", 1), ("slow", 2)]


def test_threads_work_for_the_recording(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)
    monkeypatch.setattr(ThreadPoolExecutor, "submit", ThreadPoolExecutor.submit)
    threads.watch(core)
    spans = recorded(core, functions.threaded)
    found = [one for one in told(spans) if one[1] == "plain"]
    assert sorted(found, key=str) == [
        call(0, "plain", {"a": 1, "b": 2}, {"total": 3}, 3),
        call(0, "plain", {"a": 2, "b": 2}, {"total": 4}, 4),
    ]
    assert len({span.attributes[v.THREAD] for span in spans if span.name.endswith(".plain")} | {threading.get_native_id()}) == 3


def test_nothing_is_recorded_outside_of_a_recording(core: Core) -> None:
    with Recorded(core) as one:
        functions.nothing()
    functions.plain(1)
    assert [span.name.rpartition(".")[2] for span in one.spans()] == ["nothing"]


def test_two_recordings_on_one_thread(core: Core) -> None:
    """A request that is made while another runs, as Django's test client does."""
    with Recorded(core) as outer:
        functions.plain(1)
        with Recorded(core) as inner:
            functions.plain(2)
        functions.plain(3)
    values = [[span.value(v.ARGUMENTS)["a"] for span in one.spans()] for one in (outer, inner)]
    assert values == [[1, 3], [2]]


def test_calls_over_the_limit(core: Core) -> None:
    with Recorded(core, max_calls=2) as one:
        for n in range(5):
            functions.plain(n)
    assert ([span.value(v.RETURN) for span in one.spans()], list(one.recording.lost.values())) == ([2, 3], [3])


def test_no_calls_are_taken_after_some_were_dropped(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trace is broken anyway: the application need not pay for more of it, though the queue has room again."""
    with Recorded(core) as one:
        room = iter([False])
        monkeypatch.setattr(one.recording, "sink", lambda record: next(room, True) and one.take(record))
        for n in range(3_000):
            functions.plain(n)
    assert (one.spans(), one.recording.lost) == ([], {DROPPED: 3_000})


def test_what_does_not_vary_stands_on_each_span(core: Core) -> None:
    [span] = recorded(core, functions.nothing)
    expected = {
        v.KIND: v.CALL, v.FUNCTION: f"{functions.__name__}.nothing", v.FILE: functions.__file__, v.LINE: functions.nothing.__code__.co_firstlineno,
        v.THREAD: threading.get_native_id(), v.ARGUMENTS: "{}", v.RETURN: "null",
    }  # fmt: skip
    assert (dict(span.attributes), span.kind, span.name) == (expected, 1, f"{functions.__name__}.nothing")
    assert 0 < span.start <= span.end


def test_the_settings_that_a_function_reads_stand_on_its_span(core: Core) -> None:
    spans = recorded(core, functions.debugging)
    assert [(span.value(v.SETTINGS_READ), span.value(v.RETURN)) for span in spans] == [(["DEBUG"], True)]


def test_the_core_says_why_it_was_chosen() -> None:
    off = choosing.choose(Settings(calls=False), PROJECT)
    found = choosing.choose(Settings(), PROJECT)
    assert (type(off), off.reason) == (Nothing, "UNSPAN_CALLS=0 switches function calls off")
    assert (type(found).__name__, found.reason.partition(",")[0]) == (
        ("Monitoring", "sys.monitoring") if sys.version_info >= (3, 12) else ("Profiling", "sys.setprofile")
    )


def test_another_profiler_is_left_alone() -> None:
    core = Profiling(PROJECT, "")

    def other(*args: Any) -> None:
        pass

    sys.setprofile(other)
    try:
        with Recorded(core) as one:
            functions.nothing()
        present = sys.getprofile()
    finally:
        sys.setprofile(None)
    assert (present, one.spans()) == (other, [])
    assert list(one.recording.lost) == ["function calls were not recorded: another profiler is active on the thread"]
