"""A replaced method is of the kind that it was: what looks at it, as `mock.patch` does, sees no difference."""

import asyncio
import inspect
from unittest import mock

import pytest
from unspan_instrumentation.patching import around


class Transport:
    def send(self, what: str) -> str:
        return f"sent {what}"

    async def asend(self, what: str) -> str:
        return f"sent {what}"


@pytest.fixture
def patched() -> type[Transport]:
    owner = type("Patched", (), dict(Transport.__dict__))
    for name in ("send", "asend"):
        around(owner, name, lambda original, one, args, kwargs: original(one, *args, **kwargs))
    return owner


@pytest.mark.parametrize(("name", "is_async"), [("send", False), ("asend", True)])
def test_a_replaced_method_is_of_its_kind(patched: type[Transport], name: str, is_async: bool) -> None:
    assert inspect.iscoroutinefunction(getattr(patched, name)) is is_async
    with mock.patch.object(patched, name) as made:
        assert isinstance(made, mock.AsyncMock) is is_async


def test_both_kinds_do_what_they_did(patched: type[Transport]) -> None:
    assert (patched().send("a"), asyncio.run(patched().asend("b"))) == ("sent a", "sent b")
