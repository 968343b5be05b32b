"""Callbacks for after the commit: what became of each, and in which order they ran."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v

HERE = __name__


def first() -> None:
    pass


def second() -> None:
    pass


def refusing() -> None:
    raise ValueError("no")


def callback(name: str, state: str, order: int | None = None, robust: bool = False, **more: Any) -> dict[str, Any]:
    found = {v.DATABASE: "default", v.FUNCTION: f"{HERE}.{name}", v.ON_COMMIT_STATE: state, v.ON_COMMIT_ROBUST: robust}
    return found | ({} if order is None else {v.ON_COMMIT_ORDER: order}) | more


def committed() -> None:
    from django.db import transaction

    with transaction.atomic():
        transaction.on_commit(first)
        transaction.on_commit(partial(second))
        transaction.on_commit(first)


def rolled_back() -> None:
    from django.db import transaction

    with transaction.atomic():
        transaction.on_commit(first)
        try:
            with transaction.atomic():
                transaction.on_commit(second)
                raise ValueError
        except ValueError:
            pass


def at_once() -> None:
    from django.db import transaction

    transaction.on_commit(first)


def raised_robustly() -> None:
    from django.db import transaction

    with transaction.atomic():
        transaction.on_commit(refusing, robust=True)
        transaction.on_commit(first)
    transaction.on_commit(refusing, robust=True)


def registered_by_another() -> None:
    from django.db import transaction

    def outer() -> None:
        transaction.on_commit(second)

    with transaction.atomic():
        transaction.on_commit(outer)
        transaction.on_commit(first)


def raised() -> None:
    from django.db import transaction

    def refused() -> None:
        with transaction.atomic():
            transaction.on_commit(refusing)
            transaction.on_commit(first)

    with pytest.raises(ValueError, match="no"):
        refused()


NO = {v.EXCEPTION_TYPE: "ValueError", v.EXCEPTION_MESSAGE: "no"}
CASES: list[Any] = [
    pytest.param(committed, [callback("first", "ran", 0), callback("second", "ran", 1), callback("first", "ran", 2)], id="committed"),
    pytest.param(rolled_back, [callback("first", "ran", 0), callback("second", "discarded")], id="rolled back to a savepoint"),
    pytest.param(at_once, [callback("first", "ran", 0)], id="without a transaction"),
    pytest.param(
        raised_robustly,
        [callback("refusing", "raised", 0, True, **NO), callback("first", "ran", 1), callback("refusing", "raised", 2, True, **NO)],
        id="robust",
    ),
    pytest.param(
        registered_by_another,
        [callback("registered_by_another.<locals>.outer", "ran", 0), callback("first", "ran", 2), callback("second", "ran", 1)],
        id="registered by another",
    ),
    pytest.param(raised, [callback("refusing", "raised", 0, **NO), callback("first", "discarded")], id="raised"),
]


@pytest.mark.parametrize(("act", "expected"), CASES)
def test_what_became_of_them(act: Callable[[], None], expected: list[Any], django: None, recorded: Recording, records: Any) -> None:
    act()
    recorded.settle()
    assert [dict(one.attributes) for one in records.of(v.ON_COMMIT)] == expected
    assert recorded.lost == {}


def test_one_that_waits_when_the_request_ends(django: None, recorded: Recording, records: Any) -> None:
    from django.db import transaction

    with transaction.atomic():
        transaction.on_commit(first)
        recorded.settle()
        assert [dict(one.attributes) for one in records.of(v.ON_COMMIT)] == [callback("first", "waiting")]


def test_what_is_no_callback_is_refused_as_ever(django: None, recorded: Recording, records: Any) -> None:
    from django.db import transaction

    with pytest.raises(TypeError, match="must be a callable"):
        transaction.on_commit(5)  # type: ignore[arg-type]
    recorded.settle()
    assert list(records) == []


def test_the_list_that_tests_look_at_holds_the_applications_own(django: None, recorded: Recording) -> None:
    from django.db import connection, transaction

    with transaction.atomic():
        transaction.on_commit(first)
        assert [entry[1] for entry in connection.run_on_commit] == [first]


@pytest.mark.parametrize("where", ["Registered.__init__", "Registered.runs", "Registered.over", "Registered.emit", "stand_in"])
def test_what_fails_in_the_recorder_does_not_reach_the_application(
    where: str, django: None, recorded: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import transaction

    def broken(*args: Any) -> Any:
        raise RuntimeError("broken on purpose")

    ran: list[int] = []
    monkeypatch.setattr(f"unspan_instrumentation.sql.callbacks.{where}", broken)
    transaction.on_commit(lambda: ran.append(0))
    with transaction.atomic():
        transaction.on_commit(lambda: ran.append(1))
    recorded.settle()
    assert ran == [0, 1]
    assert recorded.lost
