"""What stands in the place of secrets, which names name them, and what is found of them in longer texts."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unspan_instrumentation import wire
from unspan_instrumentation.records import Record
from unspan_instrumentation.redaction import Redactor, shapes
from unspan_instrumentation.redaction.names import Names
from unspan_instrumentation.redaction.statements import columns
from unspan_instrumentation.redaction.substitutes import Substitutes
from unspan_instrumentation.settings import Settings, read
from unspan_proto import vocabulary as v
from unspan_proto.span import Wire, from_wire
from unspan_proto.values import ModelRef

MADE = Substitutes(b"a key of tests")


def alphabet(text: str) -> str:
    """Each mark by its kind."""
    return "".join("9" if mark in "0123456789" else "a" if mark.islower() else "A" if mark.isupper() else mark for mark in text)


@given(st.text(min_size=1))
def test_a_substitute_is_as_long_and_always_the_same(secret: str) -> None:
    assert (len(MADE.of(secret)), MADE.of(secret)) == (len(secret), Substitutes(b"a key of tests").of(secret))


@given(st.text("xyzXYZ019_-. ", min_size=4))
def test_a_substitute_has_the_same_alphabet(secret: str) -> None:
    assert alphabet(MADE.of(f"x{secret}")) == alphabet(f"x{secret}")


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8))
def test_a_substitute_is_another_text_with_another_key(secret: str) -> None:
    assert len({secret, MADE.of(secret), Substitutes(b"another").of(secret)}) == 3


@pytest.mark.parametrize(
    ("secret", "kept"),
    [
        ("Bearer abc123def456", lambda made: made[:7] == "Bearer "),
        ("Basic " + base64.b64encode(b"ann:s3cret").decode(), lambda made: base64.b64decode(made[6:]) == b"ann:" + MADE.of("s3cret").encode()),
        ("ann.lee@example.com", lambda made: made.count("@") == 1 and made.endswith(".com")),
        ("4539 1488 0343 6467", lambda made: shapes.luhn(made) and made[:5] == "4539 " and made.count(" ") == 3 and made.endswith("6467") and made != "4539 1488 0343 6467"),
        ("378282246310005", lambda made: shapes.luhn(made) and made.isdigit() and made[:2] == "37" and made.endswith("0005")),
        ("123e4567-e89b-42d3-a456-426614174000", lambda made: (UUID(made).version, UUID(made).variant) == (4, UUID(int=1 << 63).variant)),
        ("123E4567-E89B-42D3-A456-426614174000", lambda made: made == MADE.of("123e4567-e89b-42d3-a456-426614174000").upper()),
        ("pbkdf2_sha256$600000$abcDEF123$c2FsdHNhbHRzYWx0c2FsdA==", lambda made: made.startswith("pbkdf2_sha256$600000$") and made.endswith("==")),
        ("argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", lambda made: made.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")),
        ("sk_live_abcdefghij0123456789", lambda made: made.startswith("sk_live_")),
        ("0123", lambda made: made[0] == "0"),
        ("9876", lambda made: made[0] != "0"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_a_substitute_is_of_the_same_kind(secret: str, kept: Any) -> None:
    made = MADE.of(secret)
    assert (made != secret, len(made), kept(made)) == (True, len(secret), True), made


def test_a_json_web_token_keeps_what_it_says() -> None:
    claims = {"sub": "ann", "exp": 1_900_000_000, "admin": True}
    token = ".".join(
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in ('{"alg":"HS256"}', json.dumps(claims), "x" * 32)
    )
    made = MADE.of(token)
    assert (made.rpartition(".")[0], made == token) == (token.rpartition(".")[0], False)


@pytest.mark.parametrize(
    "name",
    ["password", "user.new_password1", "X-Api-Key", "apiKey", "authToken", "csrfmiddlewaretoken", "Authorization", "client_secret", "sessionid", "DB_PASS",
     "private-key", "cvv", "cardNumber", "tokens", "authtoken.Token.key", "sessions.Session.session_data", "_auth_user_hash", "otp_code"],
)  # fmt: skip
def test_a_name_of_a_secret(name: str) -> None:
    assert Names().secret(name)


@pytest.mark.parametrize(
    "name",
    ["", "key", "token_type", "password_changed_at", "PASSWORD_HASHERS", "secret_name", "author", "compass", "foreign_key", "tokenUrl", "shipping", "sort_key", "opinion"],
)  # fmt: skip
def test_a_name_of_something_else(name: str) -> None:
    assert not Names().secret(name)


@pytest.mark.parametrize(
    ("setting", "name", "secret"),
    [
        ("iban", "IBAN", True), ("iban", "iban_country", False), ("*_note", "private-note", True), ("X-Internal", "x-internal", True),
        ("shop.Customer.email", "shop.Customer.email", True), ("shop.Customer.email", "email", False), ("!csrf*", "csrftoken", False),
        ("!shop.Token.key", "shop.Token.key", False), ("iban,!password", "password", False), ("1", "password", True),
    ],
)  # fmt: skip
def test_the_setting_adds_names_and_takes_some_away(setting: str, name: str, secret: bool) -> None:
    assert Names(read({"UNSPAN_REDACT": setting}).redact or ()).secret(name) is secret


def sent(setting: str, attributes: Mapping[str, Any], *more: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent of a record, and of others of its trace before it."""
    redactor = Redactor(read({"UNSPAN_REDACT": setting} if setting else {}))
    drafts = [wire.Draft(Record(1, number, 9, v.SQL, "x", 1, 2, one), redactor) for number, one in enumerate((attributes, *more), 1)]
    [found] = [from_wire(Wire.FromString(data)) for data in drafts[0].spans()]
    return {name: found.value(name) for name in attributes}


PLAIN = {
    v.ARGUMENTS: {"user": ModelRef("auth.User", 1, {"password": "hunter2!", "name": "ann"}), "n": 3},
    v.STATEMENT: "SELECT * FROM t WHERE api_key = 'abc123def'",
    v.QUERY: "page=1&access_token=abc%20123&pin=12",
    v.REQUEST_HEADERS: [["X-Api-Key", "abc123def"], ["Accept", "*/*"], ["Cookie", "theme=dark; sessionid=k3x9"]],
    v.REQUEST_BODY: b'{"password": "hunter2!", "level": 3, "pin": 1234}',
    v.PARAMETERS: ["abc123def", 5],
    v.LOG_MESSAGE: "the password=hunter2! was wrong",
}


def test_off_sends_all_as_it_is() -> None:
    assert sent("off", PLAIN) == PLAIN


def test_a_secret_is_replaced_wherever_it_stands() -> None:
    found = sent("", PLAIN)
    password, key = found[v.ARGUMENTS]["user"].fields["password"], found[v.REQUEST_HEADERS][0][1]
    assert (alphabet(password), alphabet(key)) == ("aaaaaa9!", "aaa999aaa")
    query, cookies = found[v.QUERY], found[v.REQUEST_HEADERS][2][1]
    assert found == {
        v.ARGUMENTS: {"user": ModelRef("auth.User", 1, {"password": password, "name": "ann"}), "n": 3},
        v.STATEMENT: f"SELECT * FROM t WHERE api_key = '{key}'",
        v.QUERY: query,
        v.REQUEST_HEADERS: [["X-Api-Key", key], ["Accept", "*/*"], ["Cookie", cookies]],
        v.REQUEST_BODY: f'{{"password": "{password}", "level": 3, "pin": 1234}}'.encode(),
        v.PARAMETERS: [key, 5],
        v.LOG_MESSAGE: f"the password={password} was wrong",
    }
    assert (alphabet(query), query == PLAIN[v.QUERY]) == ("aaaa=9&aaaaaa_aaaaa=aaa%99999&aaa=99", False)
    assert (alphabet(cookies), cookies[:11]) == ("aaaaa=aaaa; aaaaaaaaa=a9a9", "theme=dark;")
    assert "k3x9" not in cookies


def test_what_a_later_record_names_is_replaced_in_an_earlier_one() -> None:
    text = {v.LOG_MESSAGE: "said abc123def to them"}
    assert sent("", text) == text
    assert "abc123def" not in str(sent("", text, {v.REQUEST_HEADERS: [["X-Api-Key", "abc123def"]]}))


@pytest.mark.parametrize(
    "text",
    ["", "!", "!unusable", "true", "None", "***", "password"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    body = f'{{"say": "{text} it"}}'.encode()
    assert sent("", {v.REQUEST_BODY: body}, {v.ARGUMENTS: {"password": text}}) == {v.REQUEST_BODY: body}


def test_a_substitute_that_a_test_hands_out_stays() -> None:
    redactor = Redactor(Settings(redacted="qx7%20tz9"))
    draft = wire.Draft(Record(1, 1, 9, v.CALL, "x", 1, 2, {v.ARGUMENTS: {"token": "qx7 tz9", "secret": "abc123"}}), redactor)
    [found] = [from_wire(Wire.FromString(data)).value(v.ARGUMENTS) for data in draft.spans()]
    assert (found["token"], found["secret"] == "abc123") == ("qx7 tz9", False)


def test_many_secrets_are_found_in_a_page() -> None:
    keys = [f"key{number:04}abcdef" for number in range(500)]
    found = sent("", {v.RESPONSE_BODY: " ".join(keys).encode()}, {v.ARGUMENTS: {"tokens": keys}})
    assert [key for key in keys if key in found[v.RESPONSE_BODY].decode()] == []


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ('SELECT "a" FROM "t" WHERE ("t"."token" = %s AND "t"."n" IN (%s, %s)) LIMIT 21', ("token", "n", "n")),
        ('INSERT INTO "t" ("name", "api_key") VALUES (%s, %s), (%s, %s)', ("name", "api_key", "name", "api_key")),
        ("UPDATE t SET secret = %s, n = n + %s WHERE id = %s", ("secret", "", "id")),
        ("SELECT * FROM t WHERE x = %(one)s", ("x",)),
        ("SELECT 1", ()),
    ],
)
def test_parameters_are_named_by_their_statement(statement: str, names: tuple[str, ...]) -> None:
    assert columns(statement) == names


@pytest.mark.parametrize(
    ("signed", "told"),
    [(["ann:1xUxkQ:"], ["ann:1xUxkQ:"]), (["sk_live_ab12cd34ef56gh78:"], []), ([], [])],
    ids=["what was signed", "another secret", "nothing"],
)
def test_a_signature_is_told_with_what_it_signs_where_that_is_no_secret(signed: list[str], told: list[str]) -> None:
    redactor, signature = Redactor(read({})), "uydrsbJFatvAfIJKH6pgXLxkfBKMOkVA8D_a2vhb458"
    vault = redactor.vault(1)
    vault.learn("sk_live_ab12cd34ef56gh78", "token")
    vault.learn(signature, "cookie.secret")
    made = vault.substitute(signature)
    for said in signed:
        redactor.signed(1, said + signature, "cookie whox")

    assert [one for one in redactor.told(1) if one[3]] == [["cookie.secret", said + made, "", "cookie whox"] for said in told]
