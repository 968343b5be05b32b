"""Messages of exceptions: what `str` says, as long as only Python's own code says it."""

import pytest
from unspan_instrumentation.raising import exception
from unspan_proto import vocabulary as v


class Talking(Exception):
    def __str__(self) -> str:
        raise AssertionError("asked")


class Text(str):
    def __str__(self) -> str:
        raise AssertionError("asked")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no"), "no"),
        (ValueError(), ""),
        (ValueError("no", 3), "('no', 3)"),
        (ValueError("no", [3]), "no"),
        (ValueError(Text("no"), "yes"), "yes"),
        (KeyError("x"), "'x'"),
        (OSError(2, "gone"), "2, gone"),
        (Talking("no"), "no"),
    ],
    ids=[
        "one text",
        "nothing",
        "several",
        "an object among them",
        "a text of another class",
        "a key",
        "the system's",
        "a message of its own",
    ],
)
def test_the_message_is_what_python_says(error: BaseException, message: str) -> None:
    assert exception(error) == {v.EXCEPTION_TYPE: exception(error)[v.EXCEPTION_TYPE], v.EXCEPTION_MESSAGE: message}
