"""Which tests could be made from a trace, at which level, and why or why not; and which of them are worth making together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from unspan_proto import vocabulary

from unspan_inverter.errors import InverterError, one_line
from unspan_inverter.events import exchange
from unspan_inverter.events.calls import calls
from unspan_inverter.facts.viewing import viewed
from unspan_inverter.generate import of_middleware, planned
from unspan_inverter.levels import considered
from unspan_inverter.plan import NONE, Habits
from unspan_inverter.plan.working import WORK
from unspan_inverter.surroundings import surroundings
from unspan_inverter.trace import Trace


@dataclass(frozen=True, slots=True)
class Offer:
    """A test that could be made of `subject`, or not: `base` is the class that it inherits from, empty where there is none; `why` the reason for or against."""

    level: str
    subject: str
    base: str
    why: str

    @property
    def possible(self) -> bool:
        return bool(self.base)


def offers(trace: Trace, habits: Habits = NONE) -> list[Offer]:
    """Every level at which the trace can be tested, the whole request first."""
    asked = exchange(trace)
    if trace.of_work:
        return of_work(trace, habits)
    found = [
        of_request(trace, level, subject, habits)
        for level, subject in (("integration", f"{asked.method} {asked.path}"), ("view", asked.view))
    ]
    below = considered(trace, "*", True, habits, partial(planned, trace, habits=habits, level="view"))
    units = [Offer("unit", one.function, one.base, one.why) for one in below if one.function != asked.view]
    around = surroundings(trace, lambda: of_middleware(trace, False, True, habits))
    return [*found, *dict.fromkeys(units), *(Offer("surroundings", one.function, one.base, one.why) for one in around)]


def of_work(trace: Trace, habits: Habits) -> list[Offer]:
    """Those of a task or a command: it itself, and the functions that it called."""
    kind, name = (str(trace.request.attributes.get(attribute, "")) for attribute in (vocabulary.WORK_KIND, vocabulary.WORK_NAME))
    below = considered(trace, "*", True, habits, partial(planned, trace, habits=habits, level="view"))
    units = [Offer("unit", one.function, one.base, one.why) for one in below]
    return [of_request(trace, WORK, f"{kind} {name}", habits), *dict.fromkeys(units)]


def of_request(trace: Trace, level: str, subject: str, habits: Habits) -> Offer:
    try:
        plan = planned(trace, habits=habits, level=level)
    except InverterError as error:
        return Offer(
            level, subject or "no view", "", one_line(str(error).partition("\n")[0].partition(": ")[2] or str(error).partition("\n")[0])
        )
    base = "TransactionTestCase" if plan.transactions else "TestCase" if plan.needs_database else "SimpleTestCase"
    why = {"view": reason, WORK: lambda _: "it is run as it was recorded"}.get(
        level, lambda _: "it goes through URLs, middleware and the view"
    )
    return Offer(level, subject, base, why(trace))


def reason(trace: Trace) -> str:
    """What speaks for, or against, looking at the view alone."""
    found = viewed(exchange(trace), calls(trace))
    if isinstance(found, str):
        return found
    if found.around:
        names = ", ".join(name.rpartition(".")[2] for name in found.around)
        return f"it is tested without {names}" if found.call is not None else f"{names} answered: this tests the decorator"
    return "the view alone explains the answer"


def as_document(some: Sequence[Offer]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [
        {"level": one.level, "subject": one.subject, "possible": one.possible, "base": one.base or None, "why": one.why} for one in some
    ]
