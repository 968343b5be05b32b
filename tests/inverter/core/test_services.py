"""The stubs for outbound HTTP: each is written into a test, which is run, against the real client that nothing answers."""

from collections.abc import Sequence
from typing import Any

import pytest
from unspan_inverter.code import source
from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Assign, Check, Import, Name, Plan, call
from unspan_inverter.plan.services.stubbing import CLIENTS, NoStub, stubbed

from . import outside_calls

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
    said = {"span": "1", "method": "POST", "url": URL, "headers": (), "body": b"{}", **more}
    return HttpAnswered(client=client, status=status, response_headers=tuple(headers), response_body=body, **said)


def run(exchanges: Sequence[HttpAnswered], function: str, expected: object, packages: dict[str, str] | None = None) -> str:
    """Writes a test that calls the function among the stubs, runs it, and gives its text."""
    (stub,) = stubbed(exchanges, False, packages)
    act = Assign(Name("found"), call(Import(outside_calls.__name__, function), URL))
    plan = Plan(
        "OutsideTests", "test_outside", "4f1c", (), (), stub.contexts, (act,), (Check("equal", (Name("found"), expected)), *stub.asserts),
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


ERRORS = {
    "requests": ("requests.exceptions.ConnectTimeout", "requests.exceptions.ConnectTimeout"),
    "httpx": ("httpx.ReadTimeout", "httpx.ReadTimeout"),
    "httpx.async": ("httpx.ConnectError", "httpx.ConnectError"),
    "urllib3": ("urllib3.exceptions.NewConnectionError", "urllib3.exceptions.MaxRetryError"),
    "urllib": ("ConnectionRefusedError", "urllib.error.URLError"),
    "http.client": ("ConnectionRefusedError", "ConnectionError"),
    "aiohttp": ("aiohttp.client_exceptions.ServerDisconnectedError", "aiohttp.client_exceptions.ServerDisconnectedError"),
    "botocore": ("urllib3.exceptions.ReadTimeoutError", "botocore.exceptions.ReadTimeoutError"),
}


@pytest.mark.parametrize("client", ERRORS)
def test_an_exception(client: str) -> None:
    recorded, raised = ERRORS[client]
    times = 4 if client == "urllib3" else 1
    failed = answered(client, 0, b"", (), error=recorded, error_message="slow")
    with pytest.raises(Exception) as found:
        run([failed] * times, CALLS[client], None)
    kind = type(found.value)
    assert f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.") in (
        raised,
        "urllib3.exceptions.TimeoutError" if client == "botocore" else raised,
    )


def test_a_request_that_the_recording_did_not_make_is_noticed() -> None:
    with pytest.raises(AssertionError):
        run([answered("aiohttp", url="https://api.example/v1/other")], "by_aiohttp", (200, b'{"n": 1}', "1"))


def test_an_unknown_client_is_refused() -> None:
    with pytest.raises(NoStub, match="curl"):
        stubbed([answered("curl")], False)
