"""Chooses the stub for each client that the request used."""

from collections.abc import Iterable, Mapping, Sequence

from unspan_inverter.errors import InverterError
from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.answering import Answer, canonical
from unspan_inverter.plan.services import aiohttp_client, http_client, httpx_client, libraries, requests_client, urllib3_client
from unspan_inverter.plan.services.kinds import Client, Exchanges, Stub, side_by_side
from unspan_inverter.plan.services.payloads import known_texts, payload

CLIENTS: Mapping[str, Client] = {
    "requests": requests_client.stub,
    "httpx": httpx_client.sync,
    "httpx.async": httpx_client.asynchronous,
    "urllib": http_client.stub,
    "http.client": http_client.stub,
    "urllib3": urllib3_client.stub,
    "botocore": urllib3_client.stub,
    "aiohttp": aiohttp_client.stub,
}
"""Client library as recorded → what answers it in a test."""


class NoStub(InverterError):
    """Outbound HTTP by a client for which no answer can be arranged yet."""

    def __init__(self, client: str, url: str) -> None:
        super().__init__(
            f"no test from this trace: it called {url[:80]!a} by the HTTP client {client[:40]!a}, whose answers unspan cannot arrange yet.\n"
            "Accept a test that makes this call for real with --allow-gaps."
        )


SAME: Mapping[str, str] = {"http.client": "urllib", "botocore": "urllib3"}
"""Clients that are answered at the same place, in one order."""


def stubbed(answer: Answer, allow_gaps: bool, tokens: Iterable[str] = ()) -> list[Stub]:
    """A stub for each client, in the order of first use. `tokens`: texts that the test hands out again. Raises NoStub."""
    clients = dict(CLIENTS)
    if answer.bindings.project.packages.get("urllib3", "").startswith("1."):
        clients["urllib3"] = urllib3_client.first
    project, habits, places = answer.bindings.project, answer.bindings.habits, dict(SAME)
    for client in list(clients):
        if (library := libraries.chosen(client, answer.facts.services, project, habits)) is not None:
            places[client] = library.place or client
            clients[client] = clients[places[client]] = libraries.answering(library, habits)
    known = known_texts(answer, tokens)
    by_client = grouped(answer.facts.services, clients, places, allow_gaps)
    return [
        clients[client](exchanges(some, answer, known, "sent" if len(by_client) == 1 else f"sent_by_{client.replace('.', '_')}"))
        for client, some in by_client.items()
    ]


def grouped(
    services: Sequence[HttpAnswered], clients: Mapping[str, Client], places: Mapping[str, str], allow_gaps: bool
) -> dict[str, list[HttpAnswered]]:
    found: dict[str, list[HttpAnswered]] = {}
    for one in services:
        if one.client in clients:
            found.setdefault(places.get(one.client, one.client), []).append(one)
        elif not allow_gaps:
            raise NoStub(one.client, one.url)
    return found


def exchanges(found: Sequence[HttpAnswered], answer: Answer, known: str, name: str) -> Exchanges:
    answer.bindings.keep(one.url for one in found)
    return Exchanges(
        tuple(found), name, tuple((one.method, canonical(one.url, answer)) for one in found),
        tuple(payload(one, answer, known) for one in found), side_by_side(found),
    )  # fmt: skip
