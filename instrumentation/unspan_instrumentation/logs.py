"""Log records that a handler took: one record each, with the template and its arguments apart. Nothing is formatted that would run user code."""

import logging
import re
from collections.abc import Callable
from types import NoneType
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.bounds import within
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now
from unspan_instrumentation.told import telling

MOST: Final = 1_000
"""Log records of one request."""
MESSAGE: Final = 16 << 10
"""Characters of a message."""
PLAIN: Final = frozenset({str, int, float, bool, NoneType})
"""Types whose formatting runs no user code."""
WIDE: Final = re.compile(r"%[^%a-zA-Z]*(?:\d{4}|\*)")
"""A conversion that could make the message much longer than its parts."""
OWN: Final = ("unspan", "opentelemetry")
"""Loggers of the recording itself."""
STANDARD: Final = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"})


def call_handlers(original: Callable[..., Any], logger: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Logger.callHandlers(record)`: the level and the logger's filters let the record pass."""
    recording = current()
    if recording is None or recording.closed or not args or logger.name.partition(".")[0] in OWN:
        return original(logger, *args, **kwargs)
    start = now()
    try:
        with telling():  # a handler may write to a socket
            return original(logger, *args, **kwargs)
    finally:
        quietly(recording, "a log record", noted, recording, logger, object.__getattribute__(args[0], "__dict__"), start)


def noted(recording: Recording, logger: Any, state: dict[str, Any], start: int) -> None:
    if not is_taken(logger, state["levelno"]) or not within(recording, "log records", MOST):
        return
    attributes: dict[str, Any] = {
        v.LOGGER: str(state["name"]), v.SEVERITY: str(state["levelname"]), v.SEVERITY_NUMBER: int(state["levelno"]), **said(state),
        v.FUNCTION: str(state["funcName"]), v.FILE: str(state["pathname"]), v.LINE: int(state["lineno"]),
    }  # fmt: skip
    if stop := stops_at(logger):
        attributes[v.LOG_STOPS_AT] = stop
    more = {key: value for key, value in state.items() if key not in STANDARD}
    if more:
        attributes[v.LOG_EXTRA] = freeze(more)
    info = state.get("exc_info")
    if type(info) is tuple and len(info) == 3:
        attributes |= exception(info[1])
    recording.emit(v.LOG, f"log {state['levelname']} {state['name']}", start, now(), attributes)


def is_taken(logger: Any, level: int) -> bool:
    """Whether a handler took a record of this level; one that only stands for `no handler` does not count."""
    some = False
    while logger is not None:
        for handler in logger.handlers:
            some = True
            if type(handler) is not logging.NullHandler and level >= object.__getattribute__(handler, "__dict__").get("level", 0):
                return True
        logger = logger.parent if logger.propagate else None
    return not some and logging.lastResort is not None and level >= logging.lastResort.level


def stops_at(logger: Any) -> str:
    """The logger, this one or one above it, that hands nothing on; none where the root is reached."""
    while logger is not None and logger.propagate:
        logger = logger.parent
    return str(logger.name) if logger is not None and logger.parent is not None else ""


def said(state: dict[str, Any]) -> dict[str, Any]:
    """The template, the arguments, and the message where that is known without asking an argument for its text."""
    message, given = state["msg"], state.get("args")
    template = str.__str__(message) if issubclass(type(message), str) else None
    found: dict[str, Any] = {v.LOG_TEMPLATE: type_name(type(message)) if template is None else template[:MESSAGE]}
    if given:
        found[v.LOG_ARGUMENTS] = freeze(given)
    whole = state.get("message")
    if type(whole) is not str:
        whole = together(template, given) if template is not None else None
    if whole is not None:
        found[v.LOG_MESSAGE] = whole[:MESSAGE]
    return found


def together(template: str, given: Any) -> str | None:
    """Template and arguments in one, where the arguments are plain."""
    if not given:
        return template
    parts = given.values() if type(given) is dict else given if type(given) is tuple else (given,)
    if any(type(part) not in PLAIN for part in parts) or WIDE.search(template):
        return None
    try:
        return template % given
    except (TypeError, ValueError, KeyError):
        return None


def patch(module: Any) -> None:
    """For `logging`."""
    around(module.Logger, "callHandlers", call_handlers)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (("logging", patch),)
"""Module and what to do with it once it is imported."""
