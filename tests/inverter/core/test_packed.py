"""What a token carries counts like what stands in plain sight: the keys of rows, random values, and until when it is good."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import pytest
from unspan_inverter.generate import planned
from unspan_inverter.plan.packed import documents, expires, unpacked
from unspan_proto import vocabulary as v

from .making import Happening, read, source, trace

JTI = UUID("00000001-2222-4333-8444-555555555555")
LIBRARY = "lib/site-packages/tokens/api.py"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def packed(document: Any) -> str:
    return urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def jwt(**claims: Any) -> str:
    return f"{packed({'alg': 'HS256'})}.{packed(claims)}.c2lnbmF0dXJl"


CASES: dict[str, tuple[str, list[dict[str, Any]], bool]] = {
    "a token": (f"Bearer {jwt(user=7, exp=1)}", [{"alg": "HS256"}, {"user": 7, "exp": 1}], True),
    "a token for ever": (jwt(user=7), [{"alg": "HS256"}, {"user": 7}], False),
    "a signed value": (f"{packed({'a': 1})}:1abc:sig", [{"a": 1}], False),
    "a text that begins like one": ("eyJhbGciOiJIUzI1N!", [], False),
    "in the midst of a word": ("xxeyJhIjogMX0", [], False),
    "no number": (jwt(exp="soon"), [{"alg": "HS256"}, {"exp": "soon"}], False),
    "plain": ("/books/5/", [], False),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_text_carries(name: str) -> None:
    said, expected, dated = CASES[name]

    assert (list(documents(said)), expires(said)) == (expected, dated)
    assert unpacked(said) == "\n".join([said, *map(json.dumps, expected)])


def asked(token: str) -> dict[str, Any]:
    return {"headers": [["Host", "testserver"], ["Authorization", f"Bearer {token}"]]}


def test_a_row_keeps_the_key_that_a_token_names() -> None:
    rows = read("shop.Book", {"id": 41, "title": "Emma"})

    assert 'Book.objects.create(id=41, title="Emma")' in source(trace(rows, **asked(jwt(book=41))))
    assert 'Book.objects.create(title="Emma")' in source(trace(rows, **asked("opaque")))


def clock(function: str, place: str) -> Happening:
    return Happening(v.TAPE, {v.SOURCE: "datetime.datetime.now", v.VALUE: AT, v.FUNCTION: function, v.LOOKED_UP: place, v.FILE: LIBRARY})


@pytest.mark.parametrize(("token", "held"), [(jwt(exp=1), True), (jwt(user=1), False)], ids=["good for a time", "good for ever"])
def test_the_clock_stands_where_a_library_looks_whether_a_token_is_good(token: str, held: bool) -> None:
    plan = planned(trace(clock("tokens.api.check", "tokens.api.datetime"), **asked(token)))

    assert any("tokens.api.datetime" in str(context) for context in plan.contexts) is held


CARRIED: dict[str, tuple[dict[str, Any], bool]] = {
    "a packed token of the answer": ({"answer": json.dumps({"access": jwt(jti=JTI.hex)}).encode()}, True),
    "what the session keeps": ({"session": {}, "session_after": {"visitor": JTI.hex}, "answer": b"{}"}, True),
    "what the session kept": ({"session": {"visitor": JTI.hex}, "session_after": {"visitor": JTI.hex}, "answer": b"{}"}, False),
    "nothing": ({"answer": b"{}"}, False),
}


@pytest.mark.parametrize("name", CARRIED)
def test_a_random_value_of_a_library_is_handed_out_again_where_something_carries_it(name: str) -> None:
    said, held = CARRIED[name]
    told = Happening(
        v.TAPE, {v.SOURCE: "uuid.uuid4", v.VALUE: JTI, v.FUNCTION: "tokens.api.make", v.LOOKED_UP: "tokens.api.uuid4", v.FILE: LIBRARY}
    )
    plan = planned(trace(told, **said, response_headers=[["Content-Type", "application/json"]]))

    assert any("tokens.api.uuid4" in str(context) for context in plan.contexts) is held
