"""The end of a recording: when the server closes the response, with everything that runs then still inside.

Who closes may be another thread; a response that nobody closes ends its recording when the next request comes.
"""

import weakref
from collections import deque
from functools import wraps
from threading import Lock
from typing import Any, Final

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.request.exchange import Exchange
from unspan_instrumentation.request.streaming import Opens, Stream

NEVER_CLOSED: Final = (
    "the response was never closed, so it may not be what the client got: something outside of OpenTelemetry's middleware replaced it"
)
MAX_WAITING: Final = 1_000
"""Recordings that wait for one response object, which an application gives as its answer again and again."""


class Ending:
    """The end of one recording, which comes once."""

    def __init__(self, exchange: Exchange, opens: Opens, stream: Stream | None) -> None:
        self.exchange, self.opens, self.stream = exchange, opens, stream
        self.over = False

    def come(self) -> None:
        if self.over:
            return
        self.over = True
        recording = self.exchange.recording
        quietly(recording, "what was open", recording.settle)
        if self.stream is not None:
            quietly(recording, "the streaming response", self.stream.told)
        quietly(recording, "the end", self.opens.closed, recording)


class Waiting:
    """Responses that are not closed yet, each with the endings that wait for that."""

    def __init__(self) -> None:
        self.endings: dict[int, tuple[weakref.ref[Any], list[Ending]]] = {}
        self.gone: deque[int] = deque()
        """Keys of responses that are garbage. The collector may say so while this thread holds any lock."""
        self.lock = Lock()

    def add(self, response: Any, ending: Ending) -> None:
        key, gone = id(response), self.gone
        with self.lock:
            found = self.endings.get(key)
            if found is None or found[0]() is not response:
                left = found[1] if found else []
                found = self.endings[key] = (weakref.ref(response, lambda _: gone.append(key)), [])
            else:
                left = found[1][:1] if len(found[1]) >= MAX_WAITING else []
                del found[1][: len(left)]
            found[1].append(ending)
        never(left)

    def taken(self, response: Any) -> Ending | None:
        """The ending that waits for this response to be closed, once."""
        with self.lock:
            found = self.endings.get(id(response))
            if found is None or found[0]() is not response:
                return None
            ending = found[1].pop(0)
            if not found[1]:
                del self.endings[id(response)]
            return ending

    def sweep(self) -> None:
        """Ends the recordings whose response is gone."""
        left: list[Ending] = []
        with self.lock:
            while self.gone:
                found = self.endings.get(self.gone.popleft())
                if found is not None and found[0]() is None:
                    left += found[1]
                    found[1].clear()
            for key in [key for key, (_, some) in self.endings.items() if not some] if left else ():
                del self.endings[key]
        never(left)


def never(endings: list[Ending]) -> None:
    for ending in endings:
        ending.exchange.recording.lose(NEVER_CLOSED)
        ending.come()


waiting: Final = Waiting()


def at_close(response: Any, ending: Ending) -> None:
    """Has the recording end when the response is closed; at once where that cannot be seen."""
    from django.http.response import HttpResponseBase

    if issubclass(type(response), HttpResponseBase) and getattr(HttpResponseBase.close, "__unspan__", False):
        waiting.add(response, ending)
    else:
        ending.come()


def watch(module: Any) -> None:
    """For `django.http.response`."""
    close = module.HttpResponseBase.close

    @wraps(close)
    def recorded(response: Any) -> Any:
        ending = waiting.taken(response)
        if ending is None:
            return close(response)
        recording = ending.exchange.recording
        if ending.stream is not None:
            quietly(recording, "the file", ending.stream.read_file)
        try:
            with ending.opens.resumed(recording, ending.exchange.span):
                return close(response)
        finally:
            ending.come()

    recorded.__unspan__ = True  # type: ignore[attr-defined]
    module.HttpResponseBase.close = recorded
