"""Keyed digests that a header of the request bears: what is recorded of them, and that nothing is of others. The key never is."""

import base64
import hashlib
import hmac
from types import SimpleNamespace
from typing import Any

import pytest
from unspan_instrumentation import digests
from unspan_instrumentation.recording import Recording
from unspan_proto import values
from unspan_proto import vocabulary as v

KEY, BODY = b"tests", b"v0:1614590400:payload=1"
"""The key is the value of the project's SECRET_KEY."""
TAKEN = hmac.digest(KEY, BODY, "sha256")


@pytest.fixture(autouse=True)
def _patched(django: None) -> None:
    digests.patch(hmac)


def asked(recording: Recording, *headers: str) -> None:
    """The recording is of a request with these headers."""
    recording.exchange = SimpleNamespace(attributes={v.REQUEST_HEADERS: [["X-Signature", value] for value in headers]})


def told(records: Any) -> list[dict[str, Any]]:
    return [{name: values.decode(values.encode(value)) for name, value in record.attributes.items()} for record in records.of(v.DIGEST)]


WHOLE = {v.DIGEST_ALGORITHM: "sha256", v.DIGEST_MESSAGE: BODY, v.DIGEST_VALUE: TAKEN.hex(), v.DIGEST_KEY: "SECRET_KEY"}
WAYS = {
    "new, with a constructor": lambda: hmac.new(KEY, BODY, hashlib.sha256).hexdigest(),
    "new, with a module's name": lambda: hmac.new(KEY, msg=BODY, digestmod="sha256").hexdigest(),
    "digest": lambda: hmac.digest(KEY, BODY, "SHA256").hex(),
    "a key in a bytearray": lambda: hmac.new(bytearray(KEY), BODY, "sha256").hexdigest(),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_signed_is_recorded_with_the_setting_of_the_key(recorded: Recording, records: Any, way: str) -> None:
    asked(recorded, f"v0={TAKEN.hex()}")

    assert WAYS[way]() == TAKEN.hex()
    assert told(records) == [WHOLE]


HEADERS = {
    "hexadecimal": (TAKEN.hex(), 1),
    "among other things": (f"t=1614590400,v1={TAKEN.hex()}", 1),
    "base64": (base64.b64encode(TAKEN).decode(), 1),
    "base64 of addresses": (base64.urlsafe_b64encode(TAKEN).decode().rstrip("="), 1),
    "another digest": ("0" * 64, 0),
    "none": ("", 0),
}


@pytest.mark.parametrize("name", HEADERS)
def test_only_those_that_a_header_bears(recorded: Recording, records: Any, name: str) -> None:
    header, number = HEADERS[name]
    asked(recorded, header)

    hmac.new(KEY, BODY, "sha256")

    assert len(told(records)) == number


def test_a_key_that_is_no_setting_s_is_not_named_and_no_key_is_sent(recorded: Recording, records: Any) -> None:
    taken = hmac.digest(b"of a row", BODY, "sha256")
    asked(recorded, taken.hex())

    hmac.new(b"of a row", BODY, "sha256")

    assert told(records) == [{v.DIGEST_ALGORITHM: "sha256", v.DIGEST_MESSAGE: BODY, v.DIGEST_VALUE: taken.hex()}]


def test_a_setting_inside_of_a_dict_is_named_by_its_way(recorded: Recording, records: Any, settings_with: Any) -> None:
    settings_with(SLACK={"SIGNING": "inner"})
    taken = hmac.digest(b"inner", BODY, "sha256")
    asked(recorded, taken.hex())

    hmac.new(b"inner", BODY, "sha256")

    assert [one[v.DIGEST_KEY] for one in told(records)] == ["SLACK.SIGNING"]


@pytest.fixture
def settings_with(django: None) -> Any:
    from django.conf import settings

    held = vars(settings)["_wrapped"]

    def put(**some: Any) -> None:
        for name, value in some.items():
            setattr(held, name, value)

    yield put
    del held.SLACK


WRONG = {
    "no key": lambda: hmac.new(None, BODY, "sha256"),  # type: ignore[arg-type]
    "no algorithm": lambda: hmac.new(KEY, BODY),
    "an unknown algorithm": lambda: hmac.new(KEY, BODY, "sha0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_hmac_refuses_it_still_refuses(recorded: Recording, records: Any, name: str) -> None:
    asked(recorded, TAKEN.hex())

    with pytest.raises((TypeError, ValueError)):
        WRONG[name]()

    assert (told(records), recorded.lost) == ([], {})


def test_a_message_that_comes_later_is_not_recorded(recorded: Recording, records: Any) -> None:
    asked(recorded, TAKEN.hex())

    made = hmac.new(KEY, digestmod="sha256")
    made.update(BODY)

    assert (made.hexdigest(), told(records)) == (TAKEN.hex(), [])
