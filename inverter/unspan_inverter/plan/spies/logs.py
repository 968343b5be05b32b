"""What the project's own code logged at warning and above. What Django and libraries log says nothing that the answer does not say."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from unspan_inverter.events import Logged
from unspan_inverter.plan import names, spoken
from unspan_inverter.plan.answering import Answer, canonical
from unspan_inverter.plan.expressions import Check, Context, Format, Logs, Name
from unspan_inverter.plan.spies.kinds import Spy
from unspan_inverter.plan.steadiness import steady

WARNING: Final = 30
LEVELS: Final = ("WARNING", "ERROR", "CRITICAL")
"""Names that every Python knows."""
LONGEST: Final = 400


def spies(answer: Answer, traces: str) -> Iterator[Spy]:
    """One a logger, in the order of their first records."""
    ended = answer.exchange.ended or float("inf")  # what a stream logs comes when the test reads it
    records = [one for one in answer.facts.logs if one.own and one.level >= WARNING and one.at <= ended]
    by_logger: dict[str, list[Logged]] = {}
    for one in records:
        by_logger.setdefault(one.logger, []).append(one)
    level = min((one.level for one in records), default=WARNING)
    severity = next((one.severity for one in records if one.level == level), "WARNING")
    for logger, some in by_logger.items():
        name = Name("logs" if len(by_logger) == 1 else names.identifier(f"{logger} logs", "its"))
        taken = Logs(logger, severity if severity in LEVELS else level, some[0].stops_at)
        yield Spy((Context(taken, name.id),), (Check("logged", (name, logger, *expected(some, answer))),))


def expected(records: Sequence[Logged], answer: Answer) -> tuple[str, list[Any]]:
    """What of the records is compared, and what it is: their messages, else the templates of these, else their levels."""
    messages = [told(one, answer) for one in records]
    if None not in messages:
        for message in messages:
            answer.bindings.keep(part for part in (message.parts if isinstance(message, Format) else [message]) if isinstance(part, str))
        plain = all(not one.error for one in records)  # a traceback stands below the message
        return "output" if plain else "messages", [(one.severity, message) for one, message in zip(records, messages, strict=True)]
    if all(one.template != one.message and steady(one.template, answer) for one in records):
        return "templates", [one.template for one in records]
    return "levels", [one.severity for one in records]


def told(one: Logged, answer: Answer) -> Any | None:
    """The message as it is in the test; None where it holds what another run has otherwise."""
    if one.message is None or len(one.message) > LONGEST:
        return None
    found = spoken.bound(canonical(one.message, answer), answer.bindings)
    left = "".join(part for part in (found.parts if isinstance(found, Format) else [found]) if isinstance(part, str))
    return found if steady(left, answer) else None
