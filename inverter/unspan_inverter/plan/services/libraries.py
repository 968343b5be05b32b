"""Which library of HTTP mocking answers which client, where the project has it: a row each, the one that is taken before others first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from unspan_proto.project import Project

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.habits import Habits
from unspan_inverter.plan.services import by_mocket, by_pytest_httpx, by_responses, by_respx
from unspan_inverter.plan.services.kinds import Client, Exchanges, Stub


@dataclass(frozen=True, slots=True)
class Library:
    """`name`: its distribution. `stub`: told whether the base class switches it on. `style`: of tests that can use it, empty for all. `errors`: whether it raises what a
    client raised. `place`: where it answers, which clients share that it answers in one order."""

    name: str
    clients: tuple[str, ...]
    stub: Callable[[bool, Exchanges], Stub]
    usable: Callable[[str], bool] = bool
    style: str = ""
    errors: bool = True
    place: str = ""


LIBRARIES: Final = (
    Library("responses", ("requests",), by_responses.stub, by_responses.usable),
    Library("pytest-httpx", ("httpx", "httpx.async"), by_pytest_httpx.stub, style="pytest", place="httpx"),
    Library("respx", ("httpx", "httpx.async"), by_respx.stub, place="httpx"),
    Library("mocket", by_mocket.CLIENTS, by_mocket.stub, errors=False, place="mocket"),
)
"""`httpretty` 1.1.4, its last, is not among them: it lists a POST twice, and does not stand in for the sockets of urllib3 2."""


def chosen(client: str, services: Sequence[HttpAnswered], project: Project, habits: Habits) -> Library | None:
    """The first library that answers all of a client's requests."""
    mine = [one for one in services if one.client == client]
    return next((one for one in LIBRARIES if client in one.clients and fits(one, mine, project, habits)), None)


def fits(library: Library, services: Sequence[HttpAnswered], project: Project, habits: Habits) -> bool:
    if not library.usable(project.packages.get(library.name, "")) or library.style not in ("", habits.style):
        return False
    return library.errors or not any(one.error for one in services)


def answering(library: Library, habits: Habits) -> Client:
    return partial(library.stub, habits.mocking == library.name)
