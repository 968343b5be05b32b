"""What threads find that begin to work at one moment."""

import threading
from typing import Any

import pytest
from unspan_instrumentation import recorder
from unspan_instrumentation.calls.core import Nothing
from unspan_instrumentation.settings import Settings


def test_a_second_thread_waits_until_calls_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its first unit of work has no calls, and does not say so."""
    chosen, begun, go = Nothing("chosen"), threading.Event(), threading.Event()

    def choose(*_: Any) -> Nothing:
        begun.set()
        assert go.wait(20)
        return chosen

    monkeypatch.setattr(recorder.choosing, "choose", choose)
    for module in (recorder.threads, recorder.loops, recorder.coroutines):
        monkeypatch.setattr(module, "watch", lambda _: None)
    one = recorder.Recorder(Settings(enabled=False))
    monkeypatch.setattr(one, "project", lambda: None)
    found: list[object] = []

    def work() -> None:
        one.watch_calls()
        found.append(one.calls)

    threads = [threading.Thread(target=work) for _ in range(2)]
    threads[0].start()
    assert begun.wait(20)
    threads[1].start()
    threads[1].join(0.2)  # where it does not wait, it is through by now
    go.set()
    for thread in threads:
        thread.join(20)
    assert found == [chosen, chosen]
