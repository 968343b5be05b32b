"""The stubs for outbound HTTP: each is written into a test, which is run, against the real client that nothing answers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.code import source
from unspan_inverter.events import HttpAnswered, exchange
from unspan_inverter.facts import Facts
from unspan_inverter.plan.answering import Answer
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.expressions import Assign, Check, Import, Name, Plan, call
from unspan_inverter.plan.habits import NONE, Habits
from unspan_inverter.plan.services.kinds import Stub
from unspan_inverter.plan.services.stubbing import CLIENTS, NoStub, stubbed

from . import outside_calls
from .making import PROJECT, trace

URL = "https://api.example/v1/orders?page=2"
MADE = (
    ("Content-Type", "application/json"),
    ("X-Made", "1"),
    ("Content-Encoding", "gzip"),
    ("Set-Cookie", "a=1; Path=/"),
    ("Set-Cookie", "b=2"),
)
CALLS = {
    "requests": "by_requests", "httpx": "by_httpx", "httpx.async": "by_httpx_async", "urllib3": "by_urllib3", "urllib": "by_urllib",
    "http.client": "by_http_client", "aiohttp": "by_aiohttp", "botocore": "by_botocore",
}  # fmt: skip


def answered(
    client: str, status: int = 200, body: bytes = b'{"n": 1}', headers: Sequence[tuple[str, str]] = MADE, **more: Any
) -> HttpAnswered:
    said = {"span": "1", "method": "POST", "url": URL, "headers": (), "body": b"", **more}
    return HttpAnswered(client=client, status=status, response_headers=tuple(headers), response_body=body, **said)


def stubs(exchanges: Sequence[HttpAnswered], packages: dict[str, str] | None = None, habits: Habits = NONE) -> list[Stub]:
    known, project = Facts(services=tuple(exchanges)), replace(PROJECT, packages=packages or {})
    return stubbed(Answer(exchange(trace()), known, Bindings(project, known, {}, habits=habits), Clock(None)), False)


def run(exchanges: Sequence[HttpAnswered], function: str, expected: object, packages: dict[str, str] | None = None) -> str:
    """Writes a test that calls the function among the stubs, runs it, and gives its text."""
    (stub,) = stubs(exchanges, packages)
    act = Assign(Name("found"), call(Import(outside_calls.__name__, function), URL))
    plan = Plan(
        "OutsideTests", "test_outside", "4f1c", (), (), (), stub.contexts, (act,), (Check("equal", (Name("found"), expected)), *stub.asserts),
        needs_database=False, functions=stub.functions,
    )  # fmt: skip
    text = source([plan], "pytest")
    space: dict[str, Any] = {}
    exec(compile(text, "generated", "exec"), space)
    space["test_outside"](None) if "client" in space["test_outside"].__code__.co_varnames[:1] else space["test_outside"]()
    return text


def test_every_client_has_a_call_here() -> None:
    assert set(CALLS) == set(CLIENTS)


@pytest.mark.parametrize("client", CALLS)
def test_an_answer(client: str) -> None:
    run([answered(client)], CALLS[client], (200, b'{"n": 1}', "1"))


@pytest.mark.parametrize("client", ["httpx", "httpx.async", "aiohttp", "urllib"])
def test_a_redirect(client: str) -> None:
    moved = answered(client, 303, b"", (("Location", "/v1/elsewhere"),))
    there = answered(client, method="GET", url="https://api.example/v1/elsewhere")
    run([moved, there], CALLS[client], (200, b'{"n": 1}', "1"))


def test_retries_of_urllib3() -> None:
    run([answered("urllib3", 503, b"later"), answered("urllib3")], "by_urllib3", (200, b'{"n": 1}', "1"))


def test_a_time_out_that_urllib3_tries_again_after() -> None:
    slow = answered("urllib3", 0, b"", (), error="urllib3.exceptions.ReadTimeoutError", error_message="slow")
    run([slow, answered("urllib3")], "by_urllib3", (200, b'{"n": 1}', "1"))


def test_urllib3_of_old() -> None:
    assert '"urlopen"' in run([answered("urllib3")], "by_urllib3", (200, b'{"n": 1}', "1"), {"urllib3": "1.26.20"})


ERRORS = [
    ("requests", "requests.exceptions.ConnectTimeout", "slow", "requests.exceptions.ConnectTimeout('slow')"),
    ("requests", "requests.exceptions.SSLError", "bad", "requests.exceptions.SSLError('bad')"),
    ("httpx", "httpx.ReadTimeout", "slow", "httpx.ReadTimeout('slow')"),
    ("httpx.async", "httpx.ConnectError", "no", "httpx.ConnectError('no')"),
    ("urllib3", "urllib3.exceptions.NewConnectionError", "no", "urllib3.exceptions.MaxRetryError"),
    ("urllib3", "urllib3.exceptions.ReadTimeoutError", "slow", "urllib3.exceptions.MaxRetryError"),
    (
        "urllib",
        "ConnectionRefusedError",
        "111, Connection refused",
        "urllib.error.URLError(ConnectionRefusedError(111, 'Connection refused'))",
    ),
    ("urllib", "socket.gaierror", "-2, unknown", "urllib.error.URLError(gaierror('-2, unknown'))"),
    ("urllib", "TimeoutError", "timed out", "TimeoutError('timed out')"),
    ("http.client", "ConnectionRefusedError", "111, Connection refused", "ConnectionRefusedError(111, 'Connection refused')"),
    ("http.client", "http.client.RemoteDisconnected", "gone", "http.client.RemoteDisconnected('gone')"),
    ("aiohttp", "aiohttp.client_exceptions.ServerDisconnectedError", "gone", "aiohttp.client_exceptions.ServerDisconnectedError('gone')"),
    ("aiohttp", "TimeoutError", "", "aiohttp.client_exceptions.ConnectionTimeoutError"),
    ("botocore", "urllib3.exceptions.ReadTimeoutError", "slow", "botocore.exceptions.ReadTimeoutError"),
    ("botocore", "urllib3.exceptions.NewConnectionError", "no", "botocore.exceptions.EndpointConnectionError"),
]


@pytest.mark.parametrize(("client", "recorded", "message", "raised"), ERRORS, ids=[f"{one[0]} {one[1]}" for one in ERRORS])
def test_an_exception(client: str, recorded: str, message: str, raised: str) -> None:
    times = 4 if client == "urllib3" else 1
    failed = answered(client, 0, b"", (), error=recorded, error_message=message)
    with pytest.raises(Exception) as found:
        run([failed] * times, CALLS[client], None)
    kind = type(found.value)
    said = f"{kind.__module__}.".removeprefix("builtins.") + repr(found.value)
    assert said == raised or said.startswith(f"{raised}(")


SENT = {
    "requests": (b'{"a": 1}', "application/json"), "httpx": (b'{"a":1}', "application/json"), "httpx.async": (b'{"a":1}', "application/json"),
    "urllib3": (b'{"a":1}', "application/json"), "urllib": (b"{}", "text/plain"), "http.client": (b"{}", "text/plain"),
    "aiohttp": (b'{"a": 1}', "application/json"),
}  # fmt: skip


@pytest.mark.parametrize("client", SENT)
def test_what_was_sent_is_compared(client: str) -> None:
    body, kind = SENT[client]
    recorded = replace(answered(client), headers=(("Content-Type", kind),), body=body)
    run([recorded], CALLS[client], (200, b'{"n": 1}', "1"))
    with pytest.raises(AssertionError):
        run([replace(recorded, body=body.replace(b"}", b', "b": 2}'))], CALLS[client], (200, b'{"n": 1}', "1"))


UNTOLD = {
    "a form with a file": ("multipart/form-data; boundary=abc", b"--abc\r\n\r\n--abc--"),
    "a token from nowhere": ("application/json", b'{"token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9"}'),
    "a moment from nowhere": ("application/json", b'{"at": 1795277236}'),
    "no JSON": ("application/json", b"{"),
    "a large one": ("text/plain", b"a " * 5000),
}


@pytest.mark.parametrize("name", UNTOLD)
def test_what_no_test_could_send_again_is_not_compared(name: str) -> None:
    kind, body = UNTOLD[name]
    (stub,) = stubs([replace(answered("requests"), headers=(("Content-Type", kind),), body=body)])
    assert len(stub.asserts) == 1


@pytest.mark.parametrize("client", [name for name in CALLS if name not in ("botocore", "requests", "http.client")])
def test_requests_at_one_time_are_answered_by_what_they_ask(client: str) -> None:
    """The recording heard of the redirect's target first."""
    moved = replace(answered(client, 303, b"", (("Location", "/v1/elsewhere"),)), began=2, ended=9)
    there = replace(answered(client, method="GET", url="https://api.example/v1/elsewhere"), began=1, ended=5)
    run([there, moved], CALLS[client], (200, b'{"n": 1}', "1"))


def test_a_request_that_the_recording_did_not_make_is_noticed() -> None:
    with pytest.raises(AssertionError):
        run([answered("aiohttp", url="https://api.example/v1/other")], "by_aiohttp", (200, b'{"n": 1}', "1"))


def test_an_unknown_client_is_refused() -> None:
    with pytest.raises(NoStub, match="curl"):
        stubs([answered("curl")])
