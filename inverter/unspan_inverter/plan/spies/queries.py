"""How many statements the request made of the first database; asserted only where the project asks for it."""

from collections.abc import Iterator

from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.expressions import Context, Name, call
from unspan_inverter.plan.spies.kinds import Spy

COUNTED = Name("assert_num_queries")
"""How either style calls it."""


def spies(answer: Answer, traces: str) -> Iterator[Spy]:
    if not answer.exchange.streaming and (made := answer.facts.statements.get("default", 0)):
        yield Spy((Context(call(COUNTED, made)),))
