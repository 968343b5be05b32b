"""Chooses the stub for each client that the request used."""

from collections.abc import Mapping, Sequence

from unspan_inverter.errors import InverterError
from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.services import aiohttp_client, http_client, httpx_client, requests_client, urllib3_client
from unspan_inverter.plan.services.kinds import Client, Stub

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


def stubbed(exchanges: Sequence[HttpAnswered], allow_gaps: bool, packages: Mapping[str, str] | None = None) -> list[Stub]:
    """A stub for each client, in the order of first use. `packages`: the project's, with their versions. Raises NoStub."""
    clients = dict(CLIENTS)
    if (packages or {}).get("urllib3", "").startswith("1."):
        clients["urllib3"] = urllib3_client.first
    by_client: dict[str, list[HttpAnswered]] = {}
    for one in exchanges:
        if one.client in clients:
            by_client.setdefault(SAME.get(one.client, one.client), []).append(one)
        elif not allow_gaps:
            raise NoStub(one.client, one.url)
    return [
        clients[client](some, "sent" if len(by_client) == 1 else f"sent_by_{client.replace('.', '_')}")
        for client, some in by_client.items()
    ]
