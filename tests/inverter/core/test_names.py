"""Names that a test's author would have chosen; always free, always Python's."""

import keyword
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unspan_inverter.events import exchange
from unspan_inverter.facts import Key, Made
from unspan_inverter.plan.names import article, cut, identifier, of_class, of_rows, plural, word_of, words
from unspan_inverter.plan.titles import Told, title

from .making import PROJECT, trace


def said(**more: Any) -> Any:
    return exchange(trace(**more))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TodoList", ["todo", "list"]), ("shop:book-list", ["shop", "book", "list"]), ("HTTPServer", ["httpserver"]), ("a1B2", ["a1", "b2"]), ("", []),
        ("Ünïcode → x", ["n", "code", "x"]),
    ],
)  # fmt: skip
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Todo", "todo"), ("BookLoan", "book_loan"), ("Class", "class_"), ("match", "match_"), ("List", "list_"), ("client", "client_"), ("response", "response_"),
        ("self", "self_"), ("5th", "row_5th"), ("", "row"), ("→", "row"), ("x" * 60, "x" * 40),
    ],
)  # fmt: skip
def test_an_identifier_is_free(text: str, expected: str) -> None:
    assert identifier(text) == expected


@given(st.text())
def test_any_text_gives_a_name(text: str) -> None:
    found = identifier(text)
    assert found.isidentifier()
    assert found.isascii()
    assert not keyword.iskeyword(found)
    made = title(said(view=text, path="/" + text), text, [text], Told(effect="creates_a_book"))
    assert made.isidentifier()
    assert made.startswith("test_")
    assert of_class(said(view=text, path="/" + text), text).isidentifier()


@pytest.mark.parametrize(
    ("route", "request_", "expected"),
    [
        ("todo-list", {}, "TodoListTests"), ("shop:book-list", {}, "ShopBookListTests"), (None, {"view": "shop.views.book_detail"}, "BookDetailTests"),
        (None, {"view": "", "path": "/a/b/"}, "ABTests"), (None, {"view": "", "path": "/5/"}, "Request5Tests"), (None, {"view": "", "path": "/"}, "RequestTests"),
    ],
)  # fmt: skip
def test_a_class_is_named_after_the_route(route: str | None, request_: dict[str, Any], expected: str) -> None:
    assert of_class(said(**request_), route) == expected


LISTS, ENTERS, PAGE = "todo-list", "todo-create", {"answer": b"<form>", "method": "POST"}
TESTS: list[tuple[dict[str, Any], str | None, list[str], Told, str]] = [
    ({}, LISTS, ["Todo"], Told(shown="todos"), "test_list_shows_the_todos"),
    ({}, LISTS, ["Todo"], Told(), "test_list_succeeds"),
    ({"status": 404}, "todo-detail", ["Todo"], Told(), "test_detail_is_not_found"),
    ({"method": "POST", "status": 302}, "todo-complete", ["Todo"], Told(target="list", effect="changes_a_todo"), "test_completing_a_todo_redirects_to_the_list"),
    ({"method": "POST", "status": 302}, "todo-complete", ["Todo"], Told(), "test_completing_a_todo_redirects"),
    ({"method": "POST", "status": 201}, "create", [], Told(), "test_creating_is_created"),
    ({"method": "POST", "status": 201}, "create-order", [], Told(effect="creates_an_order"), "test_creating_an_order_is_created"),
    ({"method": "DELETE", "status": 204}, "book-detail", ["Book"], Told(), "test_delete_detail_leaves_nothing_to_say"),
    ({"method": "DELETE", "status": 204}, "book-detail", ["Book"], Told(effect="deletes_a_book"), "test_delete_detail_deletes_a_book"),
    ({"method": "POST", "status": 200}, "upsert", [], Told(effect="changes_a_book"), "test_post_upsert_changes_a_book"),
    ({"method": "POST", "status": 409}, "upsert", [], Told(effect="changes_a_book"), "test_post_upsert_conflicts"),
    (PAGE, ENTERS, ["Todo"], Told(form=True), "test_creating_a_todo_shows_the_form_again"),
    (PAGE, ENTERS, ["Todo"], Told(form=True, effect="creates_a_todo"), "test_creating_a_todo_succeeds"),
    ({"answer": b"<form>"}, ENTERS, ["Todo"], Told(form=True), "test_create_succeeds"),
    ({"status": 403, "csrf_refused": True}, "book-list", ["Book"], Told(), "test_list_is_refused_without_a_csrf_token"),
    ({"status": 418}, None, [], Told(), "test_book_list_answers_418"),
    ({"view": ""}, None, [], Told(), "test_the_page_succeeds"),
    ({}, "books", ["Book"], Told(), "test_books_succeeds"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "route", "models", "told", "expected"), TESTS, ids=[one[-1] for one in TESTS])
def test_a_test_is_named_after_what_happens(
    request_: dict[str, Any], route: str | None, models: list[str], told: Told, expected: str
) -> None:
    assert title(said(**request_), route, models, told) == expected


@pytest.mark.parametrize(("text", "word"), [
    ("Give a talk at Django Day", "talk"), ("Take over the world", "world"), ("Emma", "Emma"), ("Ada Lovelace", "Ada_Lovelace"), ("42", None), ("", None), ("UA8RXUSPL", None), ("SKU-12", None),
    ("It is to do or be bold", "bold"),
])  # fmt: skip
def test_a_text_has_a_telling_word(text: str, word: str | None) -> None:
    assert word_of(text) == word


def rows(*titles: str | None) -> list[str]:
    made = {Key("shop.Book", n): ({} if title is None else {"title": title}) for n, title in enumerate(titles)}
    return list(of_rows(made, PROJECT).values())


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (("Emma",), ["book"]),
        (("Emma", "Sanditon"), ["emma", "sanditon"]),
        (("Emma", "Emma"), ["emma", "book_2"]),
        ((None, None, None), ["book", "book_2", "book_3"]),
        (("class", "Import"), ["class_", "import_"]),
        (("response", "self"), ["response_", "self_"]),
        (("42", "→"), ["book", "book_2"]),
    ],
)
def test_rows_have_names_of_their_own(titles: tuple[str | None, ...], expected: list[str]) -> None:
    assert rows(*titles) == expected


def test_names_that_are_taken_are_not_given_again() -> None:
    assert of_rows({Key("shop.Book", 1): {}, Key("gone.Thing", Made(1)): {}}, PROJECT, ("book",)) == {
        Key("shop.Book", 1): "book_2",
        Key("gone.Thing", Made(1)): "gone_thing",
    }


def test_secrets_name_no_variable() -> None:
    users = {Key("auth.User", n): {"username": f"user{n}", "password": "hunter two"} for n in (1, 2)}
    assert list(of_rows(users, PROJECT).values()) == ["user", "user_2"]


@pytest.mark.parametrize(
    ("noun", "expected"),
    [("book", "books"), ("story", "stories"), ("day", "days"), ("box", "boxes"), ("match", "matches"), ("class", "classes")],
)
def test_plurals(noun: str, expected: str) -> None:
    assert plural(noun) == expected


@pytest.mark.parametrize("said", ["an_account", "an_upload", "a_user", "a_unit", "a_url", "a_book"])
def test_articles(said: str) -> None:
    noun = said.partition("_")[2]
    assert f"{article(noun)}_{noun}" == said


def test_a_long_name_is_cut() -> None:
    assert cut("test_" + "very_long_" * 20) == ("test_" + "very_long_" * 20)[:90].rstrip("_")
    assert cut("Test  ö  X") == "test_x"
