"""What a client's file is given and provides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Check, Context, Statement, call
from unspan_inverter.plan.expressions import Name as Variable


@dataclass(frozen=True, slots=True)
class Payload:
    """What a request sent, as a test compares it. `kind`: `json` for a document, `text`, or `bytes`."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Exchanges:
    """One client's exchanges in their order, and the name of what gathers the test's requests.

    `asked`: the method and the URL of each, as the test expects them. `payloads`: of each; None where there is none that could be told.
    `together`: several were under way at one time, so that their order says nothing.
    """

    answered: tuple[HttpAnswered, ...]
    name: str
    asked: tuple[tuple[Any, Any], ...]
    payloads: tuple[Payload | None, ...]
    together: bool = False


@dataclass(frozen=True, slots=True)
class Stub:
    """What answers one client's requests: the contexts to enter, the assertions on what was sent, the functions the file needs.

    `arrange`: what is said before the request; `decorators`: of the test.
    """

    contexts: tuple[Context, ...]
    asserts: tuple[Statement, ...]
    functions: tuple[str, ...] = ()
    arrange: tuple[Statement, ...] = ()
    decorators: tuple[Any, ...] = ()


Client = Callable[[Exchanges], Stub]
HOP: Final = {
    "connection", "content-encoding", "content-length", "date", "keep-alive", "server", "transfer-encoding", "set-cookie2", "via",
}  # fmt: skip
"""Response headers that are not repeated: they describe the recorded connection."""


def kept_headers(exchange: HttpAnswered) -> dict[str, str]:
    """The answer's headers that an application may look at."""
    return dict(kept_pairs(exchange))


def kept_pairs(exchange: HttpAnswered) -> list[tuple[str, str]]:
    """The same with those that come several times."""
    return [(name, value) for name, value in exchange.response_headers if name.lower() not in HOP]


def last_name(dotted: str) -> str:
    return dotted.rsplit(".", 1)[-1]


def replies(found: Exchanges, reply: Callable[[HttpAnswered], object]) -> tuple[object, ...]:
    """The arguments of a stub's function: the answers in order, or, where there was none, one dict of them by what was asked."""
    if not found.together:
        return tuple(reply(one) for one in found.answered)
    by_request: dict[Any, list[object]] = {}
    for asked, one in zip(found.asked, found.answered, strict=True):
        by_request.setdefault(asked, []).append(reply(one))
    return (by_request,)


def function(found: Exchanges, text: str, request: str) -> str:
    """A stub's function, as it is written for answers in order, or for answers by what is asked: `request` is the code of a pair."""
    if not found.together:
        return text
    name = text.strip().splitlines()[0 if text.strip().startswith("def") else 1].split("(")[0].removeprefix("def ")
    for old, new in (
        (f"def {name}(*recorded)", f"def {name}_by_request(recorded)"),
        (", in order.", ", by what is asked."),
        ("    queue = iter(recorded)\n", ""),
        ("queue, sent = iter(recorded), []", "sent = []"),
        ("next(queue)", f"recorded[{request}].pop(0)"),
    ):
        text = text.replace(old, new)
    return text


def maker(found: Exchanges, name: str) -> Variable:
    """The name of a stub's function."""
    return Variable(f"{name}_by_request" if found.together else name)


def requests_made(found: Exchanges, made: object) -> Check:
    """That the test made the recorded requests: `made` lists their methods and URLs."""
    if found.together:
        return Check("equal", (call(Variable("sorted"), made), sorted(found.asked, key=str)))
    return Check("equal", (made, list(found.asked)))


def bodies_sent(found: Exchanges, body: Callable[[int, Payload], object]) -> tuple[Check, ...]:
    """That it sent the recorded bodies. `body`: the expression for what the n-th request sent, as the payload is told."""
    told = () if found.together else enumerate(found.payloads)
    return tuple(Check("equal", (body(n, payload), payload.value)) for n, payload in told if payload is not None)


def side_by_side(found: Sequence[HttpAnswered]) -> bool:
    """Whether several exchanges were under way at one time, or might have been: several threads made them."""
    if len({one.thread for one in found}) > 1:
        return True
    end = 0
    for one in found:
        if one.began < end:
            return True
        end = max(end, one.ended)
    return False
