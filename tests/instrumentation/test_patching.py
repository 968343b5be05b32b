"""A replaced method is of the kind that it was: what looks at it, as `mock.patch` does, sees no difference."""

import asyncio
import gc
import inspect
import weakref
from collections.abc import Callable
from typing import Any
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


class Refused(Exception):
    """The application's."""


def refusing(owner: type[Transport]) -> None:
    raise Refused


async def arefusing(owner: type[Transport]) -> None:
    raise Refused


def before(original: Any, one: Any, args: Any, kwargs: Any) -> Any:
    raise LookupError("ours")


def after(original: Any, one: Any, args: Any, kwargs: Any) -> Any:
    original(one, *args, **kwargs)
    raise LookupError("ours")


def between(original: Any, one: Any, args: Any, kwargs: Any) -> Any:
    try:
        return original(one, *args, **kwargs)
    finally:
        raise LookupError("ours")


@pytest.mark.parametrize("wrapper", [before, after, between], ids=lambda one: one.__name__)
def test_an_error_of_ours_changes_no_result_and_no_error(wrapper: Any) -> None:
    asked: list[str] = []

    class Owner:
        def answers(self, what: str) -> str:
            asked.append(what)
            return f"sent {what}"

        def refuses(self) -> None:
            asked.append("refused")
            raise Refused

    for name in ("answers", "refuses"):
        around(Owner, name, wrapper)
    with pytest.raises(Refused):
        Owner().refuses()
    assert (Owner().answers("a"), asked) == ("sent a", ["refused", "a"])


def refused(run: Callable[[Any], Any], one: Any) -> "weakref.ref[Refused]":
    try:
        run(one)
    except Refused as error:
        return weakref.ref(error)
    raise AssertionError("it was not refused")


@pytest.mark.parametrize(
    ("method", "run"),
    [(refusing, lambda one: one.send()), (arefusing, lambda one: one.send().send(None))],
    ids=["plain", "coroutine"],
)
def test_an_error_of_the_application_lives_no_longer_than_without_us(method: Any, run: Callable[[Any], Any]) -> None:
    """Its frames hold the application's files, cursors and connections."""
    owner = type("Owner", (), {"send": method})
    around(owner, "send", lambda original, one, args, kwargs: original(one, *args, **kwargs))
    gc.disable()
    try:
        assert refused(run, owner())() is None
    finally:
        gc.enable()
