"""Signals: one record for each that the project defined, or that a receiver of the project's got. The signals of every model instance are left out."""

import sys
from collections.abc import Callable
from types import MethodType, ModuleType, TracebackType
from typing import Any, Final
from weakref import ReferenceType

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.belonging import function_of, is_project_code, name_of, of_project
from unspan_instrumentation.bounds import within
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now

WHAT: Final = "a signal"
MOST: Final = 2_000
"""Signals of one request."""
LINK: Final = "_unspan_known"
"""Name of the attribute of a signal that holds what is known of it."""
FREQUENT: Final = ("pre_init", "post_init")
"""Sent for every instance of a model."""


class Known:
    """What is known of a signal: who made it, and, until receivers change, whether its sending is looked at."""

    def __init__(self, module: str, filename: str) -> None:
        self.module, self.filename = module, filename
        self.name = ""
        self.watched: bool | None = None

    def named(self, signal: Any) -> str:
        """Dotted name: the module that made the signal, and the name it bears there."""
        if not self.name:
            modules = [self.module] if self.module else list(sys.modules)  # one made before we were here may be anywhere
            found = ((module, name) for module in modules for name, value in names_of(module) if value is signal)
            module, name = next(found, (self.module, type(signal).__name__))
            self.name = f"{module}.{name}"
        return self.name

    def is_watched(self, signal: Any) -> bool:
        """Whether the project made the signal, or has receivers of it."""
        if self.watched is None:
            self.watched = of_project(self.module, self.filename) or any(map(is_project_code, connected(signal)))
        return self.watched


def names_of(module: str) -> list[tuple[str, Any]]:
    found = sys.modules.get(module)
    return list(found.__dict__.items()) if type(found) is ModuleType else []


def connected(signal: Any) -> list[Any]:
    """The receivers, of any sender, that are alive."""
    found = [entry[1] for entry in list(signal.receivers)]
    return [one() if issubclass(type(one), ReferenceType) else one for one in found]


def init(original: Callable[..., Any], signal: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Signal.__init__`: its maker is the first frame that is no `__init__` of a subclass."""
    original(signal, *args, **kwargs)
    frame = sys._getframe(2)
    while frame.f_code.co_name == "__init__" and frame.f_back is not None:
        frame = frame.f_back
    signal.__dict__[LINK] = Known(str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename)


def connect(original: Callable[..., Any], signal: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    known = signal.__dict__.get(LINK)
    if known is not None:
        known.watched = None
    return original(signal, *args, **kwargs)


class Sending:
    """One sending of a signal."""

    def __init__(self, recording: Recording, signal: Any, known: Known, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.recording, self.signal, self.known = recording, signal, known
        self.sender = args[0] if args else named.get("sender")
        self.arguments = freeze({name: value for name, value in named.items() if name != "sender"})
        self.start = now()

    def sent(self, answers: Any) -> None:
        """`answers` are the receivers that ran, each with what it returned."""
        self._note([name_of(receiver) for receiver, _ in answers if is_project_code(receiver)], None)

    def failed(self, error: BaseException) -> None:
        """A receiver raised: those before it had run."""
        raised = codes(error.__traceback__)
        ran: list[str] = []
        for receiver in connected(self.signal):
            if is_project_code(receiver) and getattr(function_of(receiver), "__code__", None) in raised:
                ran.append(name_of(receiver))
        self._note(ran, error)

    def _note(self, receivers: list[str], error: BaseException | None) -> None:
        if not (receivers or of_project(self.known.module, self.known.filename)) or not within(self.recording, "signals", MOST):
            return
        name = self.known.named(self.signal)
        attributes: dict[str, Any] = {
            v.SIGNAL_NAME: name,
            v.SIGNAL_ARGUMENTS: self.arguments,
            v.SIGNAL_RECEIVERS: receivers,
            **exception(error),
        }
        if self.sender is not None:
            attributes[v.SIGNAL_SENDER] = type_name(self.sender if issubclass(type(self.sender), type) else type(self.sender))
        self.recording.emit(v.SIGNAL, f"signal {name}", self.start, now(), attributes, failed=error is not None)


def codes(trace: TracebackType | None) -> set[Any]:
    found: set[Any] = set()
    while trace is not None:
        found.add(trace.tb_frame.f_code)
        trace = trace.tb_next
    return found


def opened(signal: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Sending | None:
    recording = current()
    if recording is None or recording.closed:
        return None
    known: Known = signal.__dict__.get(LINK) or signal.__dict__.setdefault(LINK, Known("", ""))
    if known.watched is False:
        return None
    if not quietly(recording, WHAT, known.is_watched, signal):
        return None
    return quietly(recording, WHAT, Sending, recording, signal, known, args, named)


def send(original: Callable[..., Any], signal: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Signal.send(sender, **named)`, `Signal.send_robust(…)`."""
    sending = opened(signal, args, kwargs)
    if sending is None:
        return original(signal, *args, **kwargs)
    try:
        answers = original(signal, *args, **kwargs)
    except BaseException as error:
        quietly(sending.recording, WHAT, sending.failed, error)
        raise
    quietly(sending.recording, WHAT, sending.sent, answers)
    return answers


async def asend(original: Callable[..., Any], signal: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Signal.asend(…)`, `Signal.asend_robust(…)`."""
    sending = opened(signal, args, kwargs)
    if sending is None:
        return await original(signal, *args, **kwargs)
    try:
        answers = await original(signal, *args, **kwargs)
    except BaseException as error:
        quietly(sending.recording, WHAT, sending.failed, error)
        raise
    quietly(sending.recording, WHAT, sending.sent, answers)
    return answers


def patch(module: Any) -> None:
    """For `django.dispatch.dispatcher`."""
    around(module.Signal, "__init__", init)
    around(module.Signal, "connect", connect)
    for names, wrapper in ((("send", "send_robust"), send), (("asend", "asend_robust"), asend)):
        for name in names:
            around(module.Signal, name, wrapper)


def patch_models(module: Any) -> None:
    """For `django.db.models.signals`: the frequent ones get Django's own `send` back."""
    for name in FREQUENT:
        signal = getattr(module, name, None)
        original = getattr(getattr(type(signal), "send", None), "__wrapped__", None)
        if original is not None:
            signal.__dict__["send"] = MethodType(original, signal)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("django.dispatch.dispatcher", patch),
    ("django.db.models.signals", patch_models),
)
"""Module and what to do with it once it is imported."""
