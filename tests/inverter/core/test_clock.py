"""Whether a request depended on the time, which moment its test is set to, and which texts that changes."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from unspan_inverter.events import events, exchange
from unspan_inverter.facts import facts
from unspan_inverter.plan.clock import Clock, clock, forms
from unspan_proto.values import Opaque

from .making import NOW, PROJECT, Happening, field, insert, lines_of, model, read, source, tape, trace, update

AT = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=timezone.utc)
LATER = AT + timedelta(seconds=1)


def of(*happened: Happening, project: Any = PROJECT, **said: Any) -> Clock:
    told = trace(*happened, project=project, **said)
    asked = exchange(told)
    return clock(events(told), asked, facts(events(told), asked, told.project), told.project)


def now(at: datetime = AT, function: str = "django.db.models.fields.pre_save") -> Happening:
    return tape(NOW, at, function)


JSON = [["Content-Type", "application/json"]]
MOMENTS: dict[str, tuple[Clock, datetime | None]] = {
    "never-asked": (of(), None),
    "asked-and-left-no-trace": (of(now()), None),
    "asked-by-the-project": (of(now(function="shop.views.home")), AT),
    "written": (of(now(), insert("shop.Book", {"id": 1, "added": AT})), AT),
    "written-by-an-update": (of(now(), update("shop.Book", {"changed": AT}, [1])), AT),
    "its-day-written": (of(now(), insert("shop.Book", {"id": 1, "due": AT.date()})), AT),
    "in-a-condition": (of(now(), read("shop.Book", {"id": 1}, where='"added" < %s', parameters=(AT,))), AT),
    "in-a-condition-as-sqlite-s-text": (
        of(now(), read("shop.Book", {"id": 1}, where='"added" < %s', parameters=("2023-11-14 22:13:20.123456",))),
        AT,
    ),
    "beside-a-list": (of(now(), read("shop.Book", {"id": 1}, where='"id" = ANY(%s)', parameters=([1, 2],))), None),
    "beside-a-document": (of(now(), read("shop.Book", {"id": 1}, where='"id" @> %s', parameters=({"a": 1},))), None),
    "in-a-session-s-query": (of(now(), read("sessions.Session", {"session_key": "a"}, where='"expire_date" > %s', parameters=(AT,))), None),
    "shown": (of(now(), answer=b'{"at": "2023-11-14T22:13:20.123Z"}', response_headers=JSON), AT),
    "shown-in-a-header": (of(now(), response_headers=[["X-At", AT.isoformat()]]), AT),
    "shown-wins": (of(now(function="shop.views.home"), now(LATER), answer=str(LATER).encode()), LATER),
}
IDS = list(MOMENTS)


@pytest.mark.parametrize("name", IDS)
def test_the_clock_is_set_when_time_mattered(name: str) -> None:
    found, moment = MOMENTS[name]
    assert found.moment == moment


def test_other_readings_become_the_moment_in_texts() -> None:
    found = of(now(function="shop.views.home"), now(LATER))
    assert found.text(f"a {AT.isoformat()} b {LATER.isoformat()} c {LATER:%Y-%m-%d %H:%M:%S.%f+00:00}") == (
        f"a {AT.isoformat()} b {AT.isoformat()} c {AT:%Y-%m-%d %H:%M:%S.%f+00:00}"
    )


def test_what_the_clock_said_is_known_again() -> None:
    found = of(now(), now(LATER), insert("shop.Book", {"id": 1, "added": AT}))
    assert [found.reads(value) for value in (AT, LATER, LATER + timedelta(1), AT.date(), "x", None)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert [found.guesses(value) for value in (AT.date(), date(2000, 1, 1), AT, None)] == [True, False, False, False]


def test_a_moment_has_the_forms_in_which_software_writes_it() -> None:
    assert forms(AT, [timezone.utc]) == [
        "2023-11-14T22:13:20.123456+00:00", "2023-11-14T22:13:20.123456Z", "2023-11-14 22:13:20.123456+00:00", "2023-11-14T22:13:20.123456",
        "2023-11-14T22:13:20.123+00:00", "2023-11-14T22:13:20.123Z", "2023-11-14T22:13:20.123",
    ]  # fmt: skip


def test_django_s_own_door_is_held_where_there_is_no_library() -> None:
    text = source(trace(now(function="shop.views.home")))
    assert lines_of(text, 0) == ["moment = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=timezone.utc)"]
    assert lines_of(text, 1) == [
        'with mock.patch("django.utils.timezone.now", return_value=moment):',
        '    response = self.client.get(reverse("shop:book-list"))',
    ]


def test_the_project_s_time_machine_holds_every_door() -> None:
    text = source(trace(now(function="shop.views.home"), project=replace(PROJECT, packages={"time-machine": "2.0"})))
    assert lines_of(text, 1)[0] == "with time_machine.travel(moment, tick=False):"
    assert "import time_machine" in text.splitlines()


def test_a_default_that_keeps_django_s_function_is_held_at_its_column_when_its_time_shows() -> None:
    event = model("shop.Event", field("name", "CharField"), field("at", "DateTimeField", has_default=True, default=Opaque(NOW)))
    told = trace(
        now(), insert("shop.Event", {"id": 1, "name": "x", "at": AT}), project=replace(PROJECT, models=(*PROJECT.models, event)), method="POST",
        answer=f'{{"at": "{AT.isoformat()}"}}'.encode(), response_headers=JSON,
    )  # fmt: skip
    assert 'mock.patch.object(Event._meta.get_field("at"), "get_default", return_value=moment)' in source(told)
