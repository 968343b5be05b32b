"""What of two traces is not compared because it belongs to where they ran: which steps, and that it is said."""

from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.comparing.differences import compared
from unspan_inverter.comparing.sentences import lines
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.values import Instance

from .making import PROJECT, Happening, read, sql, trace

BOOKS = read("shop.Book", {"id": 50, "title": "Emma", "author_id": 7})
AUTHORS = read("shop.Author", {"id": 7, "name": "Austen"})
DEVELOPED = replace(PROJECT, settings={**PROJECT.settings, "DEBUG": True})
MADE = replace(PROJECT, databases={"default": {"engine": "shop.backend", "vendor": "sqlite", "atomic_requests": False}})


def call(name: str, parent: int = 1, raised: str | None = None, **arguments: Any) -> Happening:
    said = {v.FUNCTION: f"shop.{name}", v.ARGUMENTS: arguments, v.EXCEPTION_TYPE: raised}
    return Happening(v.CALL, said, raised is not None, parent)


def inside(parent: int, one: Happening) -> Happening:
    return Happening(one.kind, one.attributes, one.failed, parent)


def callback(state: str, order: int | None = None) -> Happening:
    return Happening(v.ON_COMMIT, {v.ON_COMMIT_STATE: state, v.FUNCTION: "shop.tell", v.ON_COMMIT_ORDER: order})


def request(kind: str) -> Instance:
    return Instance(kind, {"method": "GET", "path": "/"})


OPENED = Happening(v.SIGNAL, {v.SIGNAL_NAME: "django.db.backends.signals.connection_created"})
FAILED = call("view", raised="django.http.response.Http404")
APART: dict[str, tuple[Trace, Trace, list[str]]] = {
    "a connection that is opened": (
        trace(OPENED, call("pragmas", 2), inside(3, sql("PRAGMA x")), BOOKS), trace(BOOKS),
        ["the opening of a connection to the database (3 steps in the first, 0 in the second)"],
    ),
    "what counts statements, and the opening's": (
        trace(OPENED, inside(2, sql("PRAGMA x")), BOOKS, call("end", c=Instance("shop.Counter", {"count": 7}))),
        trace(BOOKS, call("end", c=Instance("shop.Counter", {"count": 6}))),
        ["the opening of a connection to the database (2 steps in the first, 0 in the second)"],
    ),
    "the project's own backend": (
        trace(call("backend.base.DatabaseWrapper.__init__"), BOOKS, project=MADE), trace(BOOKS, project=MADE),
        ["the project's own database backend (1 step in the first, 0 in the second)"],
    ),
    "the server's class of requests": (
        trace(call("view", request=request("shop.Asked")), call("Asked.get_host", 2)), trace(call("view", request=request("django.Request"))),
        ["the server's own class of requests (1 step in the first, 0 in the second)"],
    ),
    "the page about an error": (
        trace(FAILED, project=DEVELOPED, status=404), trace(FAILED, call("tags.menu"), inside(3, AUTHORS), status=404, cookies={"csrftoken": {"value": "x"}}),
        ["the page about an error that only one of the two shows (0 steps in the first, 2 in the second)"],
    ),
    "the page about a path that leads nowhere": (
        trace(call("middleware"), project=DEVELOPED, status=404, view=None), trace(call("middleware"), call("tags.menu"), status=404, view=None),
        ["the page about an error that only one of the two shows (0 steps in the first, 1 in the second)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", APART)
def test_what_belongs_to_where_it_ran_is_left_out_and_said(name: str) -> None:
    one, other, said = APART[name]
    *left, last = lines(compared(one, other))
    assert (left, last.partition(":")[0]) == ([f"not compared: {what}" for what in said], "same")


COMPARED: dict[str, tuple[Trace, Trace, str]] = {
    "a statement before the error": (
        trace(FAILED, project=DEVELOPED, status=404), trace(BOOKS, FAILED, status=404), "SELECT … FROM shop_book came in the second and not in the first",
    ),
    "a page that the project shows under DEBUG too": (
        trace(FAILED, project=DEVELOPED, status=403, exception={}), trace(FAILED, BOOKS, status=403, exception={}),
        "SELECT … FROM shop_book came in the second and not in the first",
    ),
    "another number that counts": (
        trace(OPENED, inside(2, sql("PRAGMA x")), call("end", c=Instance("shop.Counter", {"count": 8}))),
        trace(call("end", c=Instance("shop.Counter", {"count": 6}))),
        "shop.end(): arguments c count was 8 in the first and is 6 in the second",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
def test_what_the_request_did_is_compared_all_the_same(name: str) -> None:
    one, other, sentence = COMPARED[name]
    assert next(line for line in lines(compared(one, other)) if line.startswith("first, ")) == f"first, {sentence}"


@pytest.mark.parametrize(("state", "same"), [("waiting", True), ("ran", False)])
def test_callbacks_that_a_test_runs_after_its_request_are_not_compared(state: str, same: bool) -> None:
    ran = Happening(v.ON_COMMIT, {v.ON_COMMIT_STATE: "ran", v.FUNCTION: "shop.tell", v.ON_COMMIT_ORDER: 0}, parent=2, took=10_000)
    first = trace(call("view"), sql("COMMIT"), ran, call("tell", 2), inside(5, AUTHORS))
    second = trace(call("view"), inside(2, callback(state)))
    found = compared(first, second)
    assert (found.same, found.left) == (
        same,
        {"callbacks for after the commit, which a test runs after its request": (2, 0)} if same else {},
    )


def asked(setting: str, value: str, result: Any) -> list[Happening]:
    """A function of settings that is asked twice, and what another one makes of them."""
    gives = Happening(v.CALL, {v.FUNCTION: f"shop.{setting}", v.ARGUMENTS: {}, v.RETURN: {"STORE": value}})
    return [gives, gives, Happening(v.CALL, {v.FUNCTION: "shop.kept", v.ARGUMENTS: {"settings": {"STORE": value}}, v.RETURN: result})]


SETTINGS = {
    "elsewhere they may be others": (True, "/tmp", 1, []),
    "two recordings are of one place": (False, "/tmp", 1, ["settings", "kept"]),
    "what followed from them counts": (True, "/tmp", 2, ["kept"]),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_the_process_are_told_apart_from_what_followed(name: str) -> None:
    elsewhere, value, result, departs = SETTINGS[name]

    found = compared(trace(*asked("settings", "/var", 1)), trace(*asked("settings", value, result)), elsewhere_set=elsewhere)

    assert list(dict.fromkeys(one.step.name[1].removeprefix("shop.") for one in found.differences)) == departs
    assert found.left == ({"settings of the process, as shop.settings() gives them": (2, 2)} if elsewhere else {})
