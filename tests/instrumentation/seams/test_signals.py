"""Signals: those of the project and those that its receivers get; Django's own traffic between its parts is left out."""

import asyncio
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from unspan_instrumentation import signals
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import ModelRef, Opaque

HERE = __name__


@pytest.fixture(autouse=True)
def patched(django: None) -> None:
    for name, patch in signals.PATCHES:
        patch(import_module(name))


@pytest.fixture
def shipped(patched: None) -> Iterator[Any]:
    """A signal of the project's: this module has it."""
    from django.dispatch import Signal

    globals()["order_shipped"] = signal = Signal()
    yield signal
    del globals()["order_shipped"]


class Basket:
    """A sender."""


def mailer(sender: Any, **named: Any) -> str:
    return "mailed"


def counter(sender: Any, **named: Any) -> int:
    return 1


def refusing(sender: Any, **named: Any) -> None:
    raise ValueError("no stock")


class Ledger:
    def booked(self, sender: Any, **named: Any) -> None:
        pass

    def __call__(self, sender: Any, **named: Any) -> None:
        pass


async def later(sender: Any, **named: Any) -> str:
    return "later"


def seen(records: Any) -> list[dict[str, Any]]:
    return [dict(record.attributes) | {"failed": record.failed} for record in records.of(v.SIGNAL)]


def one(receivers: list[str], name: str = f"{HERE}.order_shipped", **more: Any) -> dict[str, Any]:
    found = {v.SIGNAL_NAME: name, v.SIGNAL_SENDER: f"{HERE}.Basket", v.SIGNAL_ARGUMENTS: {"number": 5}, v.SIGNAL_RECEIVERS: receivers}
    return found | {"failed": False} | more


@pytest.mark.parametrize("how", ["send", "send_robust"])
def test_a_signal_of_the_project(how: str, shipped: Any, recorded: Recording, records: Any) -> None:
    ledger = Ledger()
    for receiver in (mailer, ledger.booked, ledger):
        shipped.connect(receiver, weak=False)
    answers = getattr(shipped, how)(Basket, number=5)
    assert [answer for _, answer in answers] == ["mailed", None, None]
    assert seen(records) == [one([f"{HERE}.mailer", f"{HERE}.Ledger.booked", f"{HERE}.Ledger.__call__"])]


def test_without_receivers(shipped: Any, recorded: Recording, records: Any) -> None:
    shipped.send(Basket, number=5)
    assert seen(records) == [one([])]


def test_receivers_of_another_sender_did_not_run(shipped: Any, recorded: Recording, records: Any) -> None:
    shipped.connect(mailer, sender=Ledger)
    shipped.connect(counter, sender=Basket)
    shipped.send(Basket, number=5)
    assert seen(records) == [one([f"{HERE}.counter"])]


def test_one_that_raises(shipped: Any, recorded: Recording, records: Any) -> None:
    shipped.connect(refusing)
    with pytest.raises(ValueError, match="no stock"):
        shipped.send(Basket, number=5)
    error = {v.EXCEPTION_TYPE: "ValueError", v.EXCEPTION_MESSAGE: "no stock", "failed": True}
    assert seen(records) == [one([f"{HERE}.refusing"], **error)]


def test_one_that_raises_robustly(shipped: Any, recorded: Recording, records: Any) -> None:
    shipped.connect(refusing), shipped.connect(counter)
    assert [type(answer) for _, answer in shipped.send_robust(Basket, number=5)] == [ValueError, int]
    assert seen(records) == [one([f"{HERE}.refusing", f"{HERE}.counter"])]


@pytest.mark.parametrize("how", ["asend", "asend_robust"])
def test_asynchronously(how: str, shipped: Any, recorded: Recording, records: Any) -> None:
    shipped.connect(later), shipped.connect(mailer)
    answers = asyncio.run(getattr(shipped, how)(Basket, number=5))
    assert sorted(answer for _, answer in answers) == ["later", "mailed"]
    assert [sorted(found[v.SIGNAL_RECEIVERS]) for found in seen(records)] == [[f"{HERE}.later", f"{HERE}.mailer"]]


def test_djangos_signals_with_receivers_of_the_project(shipped: Any, emptied: Any, recorded: Recording, records: Any) -> None:
    from django.db.models.signals import post_init, post_save
    from library.models import Author

    emptied("default")
    post_save.connect(mailer, sender=Author), post_init.connect(mailer, sender=Author)
    try:
        author = Author.objects.create(name="Ann")
    finally:
        post_save.disconnect(mailer, sender=Author), post_init.disconnect(mailer, sender=Author)
    (found,) = seen(records)
    fields = found[v.SIGNAL_ARGUMENTS].pop("instance").fields
    assert fields["name"] == "Ann"
    assert found == {
        v.SIGNAL_NAME: "django.db.models.signals.post_save", v.SIGNAL_SENDER: "library.models.Author", v.SIGNAL_RECEIVERS: [f"{HERE}.mailer"],
        v.SIGNAL_ARGUMENTS: {"created": True, "update_fields": None, "raw": False, "using": "default"}, "failed": False,
    }  # fmt: skip
    assert author.pk


def test_djangos_signals_without_receivers_of_the_project_are_left_out(emptied: Any, recorded: Recording, records: Any) -> None:
    from library.models import Author

    emptied("default")
    Author.objects.create(name="Ann")
    assert seen(records) == []


def test_no_code_of_the_arguments_runs(shipped: Any, recorded: Recording, records: Any) -> None:
    class Touchy:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

        __str__ = __repr__ = __eq__ = __bool__ = __len__ = __iter__ = __hash__ = __getattr__  # type: ignore[assignment]

    shipped.connect(counter)
    shipped.send(Basket, number=Touchy())
    assert seen(records) == [one([f"{HERE}.counter"], **{v.SIGNAL_ARGUMENTS: {"number": Opaque(f"{HERE}.{Touchy.__qualname__}")}})]
    assert recorded.lost == {}


def test_what_is_sent_is_as_it_was_before_the_receivers(shipped: Any, recorded: Recording, records: Any) -> None:
    def changing(sender: Any, number: list[int], **named: Any) -> None:
        number.append(2)

    shipped.connect(changing)
    shipped.send(Basket, number=[1])
    assert seen(records)[0][v.SIGNAL_ARGUMENTS] == {"number": [1]}


def test_they_are_bounded(shipped: Any, recorded: Recording, records: Any) -> None:
    for _ in range(signals.MOST + 3):
        shipped.send(Basket)
    assert len(records.of(v.SIGNAL)) == signals.MOST
    assert recorded.lost == {"only the first 2,000 signals of the request were recorded": 3}


def test_nothing_without_a_recording(shipped: Any, records: Any) -> None:
    shipped.connect(mailer)
    assert shipped.send(Basket) == [(mailer, "mailed")]
    assert list(records) == []


@pytest.mark.parametrize("where", ["Sending.__init__", "Sending.sent", "Known.is_watched", "Known.named"])
def test_what_fails_in_the_recorder_does_not_reach_the_application(where: str, shipped: Any, recorded: Recording, monkeypatch: Any) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("broken on purpose")

    shipped.connect(mailer)
    monkeypatch.setattr(f"unspan_instrumentation.signals.{where}", broken)
    assert shipped.send(Basket) == [(mailer, "mailed")]
    assert recorded.lost == {"a signal was not recorded because of RuntimeError inside unspan": 1}


def test_the_reference_to_an_instance_is_a_row(shipped: Any, recorded: Recording, records: Any) -> None:
    from library.models import Author

    shipped.send(Basket, number=Author(id=3, name="Ann"))
    found = seen(records)[0][v.SIGNAL_ARGUMENTS]["number"]
    assert (type(found), found.label, found.pk) == (ModelRef, "library.Author", 3)
