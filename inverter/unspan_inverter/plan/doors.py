"""Where a test comes in: what all doors have in common, and the front door, Django's test client."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from unspan_proto.project import Project

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.plan import requests, session
from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.answers import ANSWERS
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.expressions import Assign, Attr, Context, Name, SetAttr, Statement, call
from unspan_inverter.plan.requests import Act
from unspan_inverter.plan.signing import Signature

Answers = Mapping[str, Callable[[Answer], Iterator[Statement]]]


class Door(Protocol):
    """How the recorded request comes to the application again, and where its answer is looked at. Everything around that is the same for all."""

    @property
    def by_client(self) -> bool:
        """Whether the test client makes the request."""
        ...

    @property
    def level(self) -> str:
        """What a test that comes in here is called."""
        ...

    @property
    def answers(self) -> Answers:
        """The assertions on the answer, by kind."""
        ...

    def act(self, exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None, ignored: frozenset[str]) -> Act:
        """The request, and what is put together for it."""
        ...

    def arranged(self, exchange: Exchange, bindings: Bindings) -> list[Statement]:
        """Who asks: what is done before anything else that is arranged."""
        ...

    def session(self, clock: Clock) -> Any:
        """Where the session is read after the request."""
        ...

    def after(self, exchange: Exchange, asserts: list[Statement], sessions: list[Statement], clock: Clock) -> tuple[Statement, ...]:
        """What is done right after the request, while the clock stands."""
        ...

    def contexts(self, exchange: Exchange, bindings: Bindings, project: Project) -> list[Context]:
        """What surrounds the request, outermost first."""
        ...

    def needs_database(self, facts: Facts, exchange: Exchange, otherwise: bool) -> bool:
        """`otherwise`: whether the whole request does."""
        ...


@dataclass(frozen=True, slots=True)
class Client:
    """The test client: URLs, middleware and view, the whole system. `carried`: what it brings from earlier requests; `held`: an earlier one of
    them was made at a recorded moment, and so are those that follow: what lives for a time, as the session does, has long expired at the test's."""

    carried: session.Carried = session.NEW
    held: bool = False

    @property
    def by_client(self) -> bool:
        return True

    @property
    def level(self) -> str:
        return "integration"

    @property
    def answers(self) -> Answers:
        return ANSWERS

    def act(self, exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None, ignored: frozenset[str]) -> Act:
        return requests.act(exchange, bindings, traces, signature, ignored)

    def arranged(self, exchange: Exchange, bindings: Bindings) -> list[Statement]:
        return [*failing(exchange), *session.arranged(exchange, bindings, self.carried)]

    def session(self, clock: Clock) -> Any:
        return Name("session") if self.held or clock.moment is not None else Attr(Name("client"), "session")

    def after(self, exchange: Exchange, asserts: list[Statement], sessions: list[Statement], clock: Clock) -> tuple[Statement, ...]:
        return tuple(kept_session(sessions)) if self.held or clock.moment is not None else ()

    def contexts(self, exchange: Exchange, bindings: Bindings, project: Project) -> list[Context]:
        return requests.mounted(exchange, project)

    def needs_database(self, facts: Facts, exchange: Exchange, otherwise: bool) -> bool:
        return otherwise


CLIENT = Client()


def kept_session(sessions: list[Statement]) -> list[Statement]:
    """The session is read while the clock stands: a session that was begun at the recorded moment has long expired at the test's."""
    return [Assign(Name("session"), call(Name("dict"), Attr(Name("client"), "session")))] if sessions else []


def failing(exchange: Exchange) -> list[Statement]:
    """The test client raises a view's exception again unless told not to."""
    raised = exchange.status >= 500 or any(failure.status >= 500 for failure in exchange.failures or ())
    return [SetAttr(Name("client"), "raise_request_exception", False)] if raised else []
