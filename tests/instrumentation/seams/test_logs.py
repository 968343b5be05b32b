"""Log records: those that a handler took, with templates and arguments apart, and no text asked of an argument."""

import io
import logging
import logging.handlers
import queue
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from unspan_instrumentation import logs
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import Opaque

HERE = __name__


class Shy:
    """Must never be asked for its text by us."""

    asked = 0

    def __str__(self) -> str:
        type(self).asked += 1
        return "shy"

    __repr__ = __str__


@pytest.fixture(autouse=True)
def patched() -> None:
    logs.patch(logging)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger with nobody above it (pytest adds handlers of its own to those that do not propagate), and one handler, from WARNING on."""
    one = logging.getLogger("shop.orders")
    handler = logging.StreamHandler(io.StringIO())
    handler.setLevel(logging.WARNING)
    one.handlers, one.parent, before = [handler], None, one.level
    one.setLevel(logging.DEBUG)
    yield one
    one.handlers, one.parent = [], logging.root
    one.setLevel(before)


def seen(records: Any) -> list[dict[str, Any]]:
    """The log records without the place, which other tests look at."""
    return [{key: value for key, value in one.attributes.items() if key not in (v.FILE, v.LINE, v.FUNCTION)} for one in records.of(v.LOG)]


def line(level: str, number: int, template: str, **more: Any) -> dict[str, Any]:
    names = {"args": v.LOG_ARGUMENTS, "message": v.LOG_MESSAGE, "extra": v.LOG_EXTRA, "type": v.EXCEPTION_TYPE, "said": v.EXCEPTION_MESSAGE}
    found = {v.LOGGER: "shop.orders", v.SEVERITY: level, v.SEVERITY_NUMBER: number, v.LOG_TEMPLATE: template}
    return found | {names[key]: value for key, value in more.items()}


def raised(logger: logging.Logger) -> None:
    try:
        raise ValueError("no such order")
    except ValueError:
        logger.exception("order %s failed", 5)


CASES: list[Any] = [
    pytest.param(lambda one: one.warning("plain"), [line("WARNING", 30, "plain", message="plain")], id="without arguments"),
    pytest.param(
        lambda one: one.error("%s of %d", "a", 3), [line("ERROR", 40, "%s of %d", args=("a", 3), message="a of 3")], id="with arguments"
    ),
    pytest.param(
        lambda one: one.error("%(a)s", {"a": 1}), [line("ERROR", 40, "%(a)s", args={"a": 1}, message="1")], id="with a dict of arguments"
    ),
    pytest.param(lambda one: one.info("below the handler's level"), [], id="no handler takes it"),
    pytest.param(lambda one: one.warning("%s", Shy()), [line("WARNING", 30, "%s", args=(Opaque(f"{HERE}.Shy"),), message="shy")], id="the handler formats it"),
    pytest.param(
        lambda one: one.warning("%d", "no number"), [line("WARNING", 30, "%d", args=("no number",))], id="arguments that do not fit"
    ),
    pytest.param(
        lambda one: one.warning("x", extra={"order": 7}), [line("WARNING", 30, "x", message="x", extra={"order": 7})], id="extra"
    ),
    pytest.param(
        raised, [line("ERROR", 40, "order %s failed", args=(5,), message="order 5 failed", type="ValueError", said="no such order")], id="exception"
    ),
    pytest.param(lambda one: one.warning(ValueError("odd")), [line("WARNING", 30, "ValueError", message="odd")], id="an object for a message"),
    pytest.param(lambda one: one.log(35, "between"), [line("Level 35", 35, "between", message="between")], id="a level of one's own"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "expected"), CASES)
def test_records(
    act: Callable[[logging.Logger], None], expected: list[Any], logger: logging.Logger, recorded: Recording, records: Any
) -> None:
    logging.raiseExceptions, before = False, logging.raiseExceptions
    act(logger)
    logging.raiseExceptions = before
    assert seen(records) == expected
    assert recorded.lost == {}


def test_what_no_handler_formats_is_not_formatted_by_us(logger: logging.Logger, recorded: Recording, records: Any) -> None:
    logger.handlers = [logging.handlers.BufferingHandler(10)]
    Shy.asked = 0
    logger.warning("%s", Shy())
    logger.warning("%1000000000s", "x")
    assert [v.LOG_MESSAGE in one.attributes for one in records.of(v.LOG)] == [False, False]
    assert Shy.asked == 0


@pytest.mark.parametrize(
    ("handlers", "expected"),
    [
        pytest.param([], 1, id="none at all, and a warning for standard error"),
        pytest.param([logging.NullHandler()], 0, id="one that does nothing"),
        pytest.param([logging.handlers.QueueHandler(queue.SimpleQueue())], 1, id="a queue"),
    ],
)
def test_taken_by(handlers: list[logging.Handler], expected: int, logger: logging.Logger, recorded: Recording, records: Any) -> None:
    logger.handlers = handlers
    logger.warning("x")
    assert len(records.of(v.LOG)) == expected


def test_handlers_of_loggers_above_count(logger: logging.Logger, recorded: Recording, records: Any) -> None:
    child = logging.getLogger("shop.orders.mail")
    child.info("too low"), child.error("high")
    assert [one.attributes[v.LOGGER] for one in records.of(v.LOG)] == ["shop.orders.mail"]


def test_the_place_is_the_line_that_logged(logger: logging.Logger, recorded: Recording, records: Any) -> None:
    logger.warning("here")
    (one,) = records.of(v.LOG)
    place = one.attributes
    assert (place[v.FILE], place[v.FUNCTION]) == (__file__, "test_the_place_is_the_line_that_logged")


def test_a_filtered_record_is_not_there_and_a_changed_one_is_as_changed(logger: logging.Logger, recorded: Recording, records: Any) -> None:
    def judge(record: logging.LogRecord) -> bool:
        record.msg = record.msg.replace("secret", "***")
        return record.msg != "no"

    logger.addFilter(judge)
    logger.warning("secret"), logger.warning("no")
    logger.removeFilter(judge)
    assert [one.attributes[v.LOG_TEMPLATE] for one in records.of(v.LOG)] == ["***"]


def test_they_are_bounded(logger: logging.Logger, recorded: Recording, records: Any) -> None:
    logger.handlers = [logging.handlers.BufferingHandler(10_000)]
    for _ in range(logs.MOST + 2):
        logger.warning("x")
    assert len(records.of(v.LOG)) == logs.MOST
    assert recorded.lost == {"only the first 1,000 log records of the request were recorded": 2}


def test_our_own_are_left_out(recorded: Recording, records: Any) -> None:
    logging.getLogger("unspan").warning("x"), logging.getLogger("opentelemetry.sdk").warning("x")
    assert records.of(v.LOG) == []


def test_what_a_handler_raises_reaches_the_application(logger: logging.Logger, recorded: Recording, records: Any) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise KeyError("handler")

    logger.handlers = [Broken()]
    with pytest.raises(KeyError, match="handler"):
        logger.warning("x")
    assert len(records.of(v.LOG)) == 1
