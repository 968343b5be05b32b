"""Responses that are read like files (`http.client`, `urllib3`): their reading methods note what the application gets."""

from collections.abc import Callable, Iterator
from typing import Any

from unspan_instrumentation.outbound.exchange import WHAT, Exchange
from unspan_instrumentation.patching import quietly

READING = ("read", "read1", "readline")


class Reading:
    """The reading of one response. `ended` says whether it has nothing more to give.

    The methods are replaced on the instance; one that uses another (`readline` of a chunked response reads) is noted once.
    """

    def __init__(self, response: Any, exchange: Exchange, ended: Callable[[], bool]) -> None:
        self.response, self.exchange, self.ended = response, exchange, ended
        self.busy = False

    def watch(self) -> None:
        for name in READING:
            if hasattr(self.response, name):
                setattr(self.response, name, self.noting(getattr(self.response, name)))
        if hasattr(self.response, "readinto"):
            self.response.readinto = self.filling(self.response.readinto)
        if hasattr(self.response, "read_chunked"):
            self.response.read_chunked = self.chunks(self.response.read_chunked)

    def noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def reading(*args: Any, **kwargs: Any) -> Any:
            if self.busy:
                return method(*args, **kwargs)
            data = self.undisturbed(method, *args, **kwargs)
            whole = not args and kwargs.get("amt") is None
            self.note(data, args, kwargs, over=not data and (whole or args[:1] != (0,)))
            return data

        return reading

    def filling(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def readinto(buffer: Any) -> Any:
            if self.busy:
                return method(buffer)
            size = self.undisturbed(method, buffer)
            self.note(bytes(memoryview(buffer)[: size or 0]), (), {}, over=not size)
            return size

        return readinto

    def chunks(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def read_chunked(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                for data in method(*args, **kwargs):
                    self.note(data, args, kwargs, over=False)
                    yield data
            except Exception as error:
                quietly(self.exchange.recording, WHAT, self.exchange.failed, error)
                raise
            quietly(self.exchange.recording, WHAT, self.exchange.finished)

        return read_chunked

    def undisturbed(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.busy = True
        try:
            return method(*args, **kwargs)
        except BaseException as error:
            quietly(self.exchange.recording, WHAT, self.exchange.failed, error)
            raise
        finally:
            self.busy = False

    def note(self, data: Any, args: tuple[Any, ...], kwargs: dict[str, Any], over: bool) -> None:
        if not self.exchange.emitted:
            quietly(self.exchange.recording, WHAT, self._note, data, args, kwargs, over)

    def _note(self, data: Any, args: tuple[Any, ...], kwargs: dict[str, Any], over: bool) -> None:
        decode = kwargs.get("decode_content", args[1] if len(args) > 1 else None)
        if decode is None:  # http.client has no such thing: it hands out what came
            decode = getattr(self.response, "decode_content", False)
        if data:
            self.exchange.encoded = not decode
            self.exchange.undecoded = bool(decode) and getattr(self.response, "_decoder", self) is None
            self.exchange.received(data)
        if over or self.ended():
            self.exchange.finished()


def watch(response: Any, exchange: Exchange, ended: Callable[[], bool]) -> None:
    Reading(response, exchange, ended).watch()
