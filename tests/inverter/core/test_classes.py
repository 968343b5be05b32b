"""Tests of several traces in one file: which stand in one class, what they share, and by what they are told apart."""

import re

import pytest
from unspan_inverter.trace import Trace

from .making import read, source, trace

EMMA, BELOVED = {"id": 1, "title": "Emma"}, {"id": 2, "title": "Beloved"}
LIST = {"path": "/books/", "view": "shop.views.book_list", "answer": b"{}", "response_headers": [["Content-Type", "application/json"]]}
NEW = {"path": "/books/new/a/", "view": "shop.views.new", "method": "POST", "body": b"{}", "answer": b"{}", "response_headers": [["Content-Type", "application/json"]]}  # fmt: skip


def posted(body: bytes, **more: object) -> Trace:
    return trace(**{**NEW, "headers": [["Content-Type", "application/json"]], "body": body, **more})


NAMES = {
    "one": ([trace(**LIST)], ["ShopBookListTests.test_list_succeeds"]),
    "a parameter": (
        [trace(**LIST, query="q=emma"), trace(**LIST, query="q=beloved")],
        ["ShopBookListTests.test_list_succeeds_with_q_emma", "ShopBookListTests.test_list_succeeds_with_q_beloved"],
    ),
    "parameters of other names": (
        [trace(**LIST, query="q=emma"), trace(**LIST, query="page=2")],
        ["ShopBookListTests.test_list_succeeds_with_q", "ShopBookListTests.test_list_succeeds_with_page"],
    ),
    "with and without": (
        [trace(**LIST), trace(**LIST, query="page=2")],
        ["ShopBookListTests.test_list_succeeds_without_a_query", "ShopBookListTests.test_list_succeeds_with_page"],
    ),
    "a field of a document": (
        [posted(b'{"kind": "novel", "n": 1}'), posted(b'{"kind": "essay", "n": 1}')],
        [
            "ShopBookNewTests.test_creating_a_book_succeeds_with_kind_novel",
            "ShopBookNewTests.test_creating_a_book_succeeds_with_kind_essay",
        ],
    ),
    "rows": (
        [trace(**LIST), trace(read("shop.Tag", {"id": 1, "slug": "a"}), **LIST)],
        ["ShopBookListTests.test_list_succeeds", "ShopBookList2Tests.test_list_succeeds"],
    ),
    "how many rows": (
        [trace(read("shop.Tag", {"id": 1, "slug": "a"}), **LIST), trace(read("shop.Book", EMMA), **LIST)],
        ["ShopBookListTests.test_list_succeeds_with_a_tag", "ShopBookListTests.test_list_succeeds_with_a_book"],
    ),
    "nothing": (
        [trace(**LIST), trace(**LIST)],
        ["ShopBookListTests.test_list_succeeds", "ShopBookListTests.test_list_succeeds_2"],
    ),
    "other views": (
        [trace(**LIST), posted(b"{}")],
        ["ShopBookListTests.test_list_succeeds", "ShopBookNewTests.test_creating_a_book_succeeds"],
    ),
}


def names(text: str) -> list[str]:
    found, owner = list[str](), ""
    for kind, name in re.findall(r"(?m)^ *(class|def) (\w+)", text):
        if kind == "class":
            owner = f"{name}."
        elif name.startswith("test"):
            found.append(owner + name)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_tests_of_one_view_stand_in_one_class_and_are_told_apart(name: str) -> None:
    traces, expected = NAMES[name]

    assert names(source(*traces)) == expected
    functions = names(source(*traces, style="pytest"))
    assert len(set(functions)) == len(functions) == len(expected)


def shared(text: str) -> list[str]:
    found = re.search(r"def setUpTestData\(cls\):\n((?: {8}.*\n)+)", text)
    return [line.strip() for line in found[1].splitlines()] if found else []


ROWS = {
    "alone": ([trace(read("shop.Book", EMMA, BELOVED), **LIST)], ["emma", "beloved"]),
    "alone with one row": ([trace(read("shop.Book", EMMA), **LIST)], []),
    "the same": ([trace(read("shop.Book", EMMA), **LIST), trace(read("shop.Book", EMMA), **LIST, query="page=2")], ["emma"]),
    "as far as they begin alike": (
        [
            trace(read("shop.Book", EMMA), read("shop.Tag", {"id": 1, "slug": "a"}), **LIST),
            trace(read("shop.Book", EMMA), read("shop.Tag", {"id": 2, "slug": "b"}), **LIST),
        ],
        ["emma"],
    ),
    "other rows": ([trace(read("shop.Book", EMMA), **LIST), trace(read("shop.Book", BELOVED), **LIST)], []),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_class_makes_the_rows_once_with_which_all_its_tests_begin(name: str) -> None:
    traces, expected = ROWS[name]

    assert [next(word for word in expected if word in line.lower()) for line in shared(source(*traces))] == expected
