"""Outbound answers by `responses`: what is registered is written into a test, which is run, against the real client."""

from collections.abc import Sequence
from typing import Any

import pytest
import requests
from unspan_inverter.code import source
from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Assign, Check, Import, Name, Plan, call
from unspan_inverter.plan.habits import Habits

from .test_services import URL, stubs

JSON = (("Content-Type", "application/json; charset=utf-8"),)


def answered(**more: Any) -> HttpAnswered:
    said: dict[str, Any] = {"span": "1", "client": "requests", "method": "POST", "url": URL, "headers": (), "body": b"", "status": 200}
    return HttpAnswered(**{**said, "response_headers": JSON, "response_body": b'{"n": 1}', **more})


def run(exchanges: Sequence[HttpAnswered], function: str, expected: object) -> str:
    (stub,) = stubs(exchanges, {"responses": "0.25"})
    act = Assign(Name("found"), call(Import(__name__, function), URL))
    plan = Plan(
        class_name="OutsideTests", method_name="test_outside", trace_id="4f1c", constants=(), rows=(), arrange=stub.arrange, contexts=stub.contexts,
        act=(act,), asserts=(Check("equal", (Name("found"), expected)), *stub.asserts), needs_database=False, functions=stub.functions,
        decorators=stub.decorators,
    )  # fmt: skip
    text = source([plan], "pytest")
    space: dict[str, Any] = {}
    exec(compile(text, "generated", "exec"), space)
    space["test_outside"](client=None)
    return text


def document(url: str) -> Any:
    return requests.post(url, json={"a": 1}, timeout=5).json()


def content(url: str) -> tuple[int, bytes, str, str]:
    answer = requests.post(url, timeout=5)
    return answer.status_code, answer.content, answer.headers["Content-Type"], answer.headers.get("X-Made", "")


def twice(url: str) -> list[Any]:
    return [requests.post(url, timeout=5).json()["n"] for _ in range(2)]


def refused(url: str) -> str:
    try:
        requests.post(url, timeout=5)
    except requests.Timeout as error:
        return str(error)
    return "none"


def nothing(url: str) -> None:
    return None


def other(url: str) -> str:
    try:
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return "swallowed"
    return "none"


ANSWERS: dict[str, tuple[Sequence[HttpAnswered], str, object, str]] = {
    "a document": ((answered(),), "document", {"n": 1}, f'responses.post("{URL}", json={{"n": 1}})'),
    "a text": (
        (answered(response_headers=(("Content-Type", "text/plain"), ("X-Made", "1")), response_body=b"made", status=201),), "content",
        (201, b"made", "text/plain", "1"), f'responses.post("{URL}", body="made", status=201, headers={{"X-Made": "1"}})',
    ),
    "bytes": (
        (answered(response_headers=(("Content-Type", "image/png"),), response_body=b"\x89PNG"),), "content", (200, b"\x89PNG", "image/png", ""),
        f'responses.post("{URL}", body=b"\\x89PNG", content_type="image/png")',
    ),
    "what calls itself a document and is none": (
        (answered(response_headers=(("Content-Type", "application/json"),), response_body=b"oops"),), "content", (200, b"oops", "application/json", ""),
        f'responses.post("{URL}", body="oops", content_type="application/json")',
    ),
    "one after the other": ((answered(), answered(response_body=b'{"n": 2}')), "twice", [1, 2], f'responses.post("{URL}", json={{"n": 2}})'),
    "an exception": (
        (answered(error="requests.exceptions.ReadTimeout", error_message="too slow", status=0, response_body=None),), "refused", "too slow",
        f'responses.post("{URL}", body=requests.ReadTimeout("too slow"))',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_registered_and_given(name: str) -> None:
    exchanges, function, expected, line = ANSWERS[name]

    text = run(exchanges, function, expected)

    assert line in [found.strip() for found in text.splitlines()]
    assert "@responses.activate" in text


@pytest.mark.parametrize(
    ("function", "expected"), [("nothing", None), ("other", "swallowed")], ids=["an unmade request", "another request"]
)
def test_it_fails_by(function: str, expected: object) -> None:
    with pytest.raises(AssertionError):
        run((answered(),), function, expected)


def test_where_the_base_class_mocks_there_is_no_decorator() -> None:
    (stub,) = stubs((answered(),), {"responses": "0.25"}, Habits(mocking="responses"))

    assert stub.decorators == ()


def test_an_old_version_without_these_functions_is_not_used() -> None:
    (stub,) = stubs((answered(),), {"responses": "0.12"})

    assert stub.arrange == ()
