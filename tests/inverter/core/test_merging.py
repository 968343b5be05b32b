"""Tests generated into files that are there: those of the same requests replaced, a person's code kept, edits by hand never lost."""

import re
from pathlib import Path

import pytest
from unspan_inverter.errors import NotWritten
from unspan_inverter.generate import generated
from unspan_inverter.merging import updated
from unspan_inverter.trace import Trace

from .making import TRACE, mail, read, trace

EMMA, BELOVED = {"id": 1, "title": "Emma"}, {"id": 2, "title": "Beloved"}
PAGE = {"path": "/books/", "view": "shop.views.book_list", "response_headers": [["Content-Type", "text/html"]]}


def listed(*rows: dict[str, object], **more: object) -> Trace:
    answer = "".join(f"<p>{row['title']}</p>" for row in rows).encode()
    return trace(read("shop.Book", *rows), **{**PAGE, "answer": answer, **more})


BOTH, ONE = listed(EMMA, BELOVED), listed(EMMA)
SECOND_PAGE = listed(BELOVED, query="page=2")
HAND = '''"""Mine."""

import os

import shop


class HandTests(shop.Base):
    # a comment
    def test_hand( self ):
        assert os.sep


def test_function():
    pass
'''


def written(old: str, one: Trace, style: str = "django", force: bool = False, trace_id: str = TRACE) -> str:
    made = generated([one], style=style).beside
    return updated(Path("/nowhere/tests.py"), old, lambda beside: made(beside).replace(TRACE, trace_id), force=force)


def names_of(text: str) -> list[str]:
    return re.findall(r"(?m)^ *(?:class|def) (\w+)", text)


@pytest.mark.parametrize("style", ["django", "pytest"])
@pytest.mark.parametrize("one", [BOTH, ONE, SECOND_PAGE], ids=["rows of the class", "rows of the test", "a parameter"])
def test_the_same_trace_changes_nothing(one: Trace, style: str) -> None:
    first = written("", one, style=style)

    assert written(first, one, style=style) == first


def test_a_person_s_code_is_kept_and_imports_are_joined() -> None:
    found = written(HAND, ONE)

    assert found[: found.index("class ShopBookListTests")] == HAND.replace(
        "import os\n\nimport shop\n", "import os\n\nfrom django.test import TestCase\nfrom django.urls import reverse\n\nimport shop\nfrom shop.models import Book\n"
    ) + "\n\n"  # fmt: skip
    assert names_of(found)[-2:] == ["ShopBookListTests", "test_list_shows_the_book"]


INTO = {
    "another request of the view": (SECOND_PAGE, ["ShopBookListTests", "test_list_shows_the_book", "test_list_shows_the_book_with_page_2"]),
    "the same request, recorded again": (listed({"id": 5, "title": "Ulysses"}), ["ShopBookListTests", "test_list_shows_the_book"]),
    "another outcome": (listed(BELOVED, status=404), ["ShopBookListTests", "test_list_shows_the_book", "test_list_is_not_found"]),
    "rows that the class would share": (BOTH, ["ShopBookListTests", "test_list_shows_the_book", "test_list_shows_the_books"]),
    "another kind of class": (
        trace(**{**PAGE, "answer": b"<p>None</p>", "query": "q=x"}),
        ["ShopBookListTests", "test_list_shows_the_book", "ShopBookList2Tests", "test_list_succeeds"],
    ),
}


@pytest.mark.parametrize("name", INTO)
def test_a_second_test_of_a_view(name: str) -> None:
    one, expected = INTO[name]
    mine = "\n    def helper(self):\n        return self\n"

    assert names_of(written(written("", ONE) + mine, one, trace_id="5" * 32)) == [*expected[:2], "helper", *expected[2:]]


def test_what_only_a_replaced_test_imported_goes_with_it() -> None:
    before = written(HAND, trace(mail(subject="A", to=["b@example.org"]), **{**PAGE, "answer": b"<p>A</p>"}))
    after = written(before, trace(**{**PAGE, "answer": b"<p>A</p>"}))

    assert ("from django.core import mail" in before, "from django.core import mail" in after, "import os" in after) == (True, False, True)


EDITED = {
    "an assertion": lambda text: text.replace("200)", "201)"),
    "a row of the class": lambda text: text.replace('"Emma"', '"Emma II"'),
}


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_by_hand_is_never_lost(name: str) -> None:
    old = EDITED[name](written("", BOTH))

    with pytest.raises(NotWritten) as refused:
        written(old, BOTH)
    assert str(refused.value).startswith(
        "/nowhere/tests.py was not written: ShopBookListTests.test_list_shows_the_books was edited since it was generated.\n"
        "Keep it, or write over it with --force."
    )
    assert written(old, BOTH, force=True) == written("", BOTH)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("        response =", "\n        # asks\n        response ="),
        lambda text: text.replace("response, ", "response,\n            "),
        lambda text: text.replace('"', "'"),
    ],
    ids=["a comment", "lines", "quotes"],
)  # fmt: skip
def test_a_formatter_s_work_is_no_edit(change) -> None:
    text = change(written("", ONE).replace('"""', "~")).replace("~", '"""')

    assert written(text, ONE) == written("", ONE)


REFUSED = {
    "not Python": (
        "def\n",
        "/nowhere/tests.py was not written: the file there is not Python.\nMend it, choose another name with -o, or write over it with --force.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_joined_is_said(name: str) -> None:
    old, sentence = REFUSED[name]
    with pytest.raises(NotWritten) as refused:
        written(old, ONE)
    assert str(refused.value) == sentence


CONFIGURED = {
    "ruff": ("pyproject.toml", '[tool.ruff]\nline-length = 60\nformat.quote-style = "single"\n', "assertContains(response, 'Emma')", 60),
    "ruff.toml": ("ruff.toml", "line-length = 60\n", 'assertContains(response, "Emma")', 60),
    "black": ("pyproject.toml", "[tool.black]\nline-length = 60\n", 'assertContains(response, "Emma")', 60),
    "isort": ("pyproject.toml", "[tool.isort]\nline_length = 60\n", 'assertContains(response, "Emma")', 60),
    "flake8": ("setup.cfg", "[flake8]\nmax-line-length = 60\n", 'assertContains(response, "Emma")', 60),
    "nothing": ("pyproject.toml", "[project]\nname = 'x'\n", 'assertContains(response, "Emma")', 120),
    "a broken file": ("setup.cfg", "max-line-length = 60\n", 'assertContains(response, "Emma")', 120),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_file_is_laid_out_as_its_project_is(tmp_path: Path, name: str) -> None:
    from unspan_inverter.formatting import styled

    file, config, line, width = CONFIGURED[name]
    (tmp_path / ".git").mkdir()
    (tmp_path / file).write_text(config)
    (tmp_path / "tests").mkdir()

    found = styled(written("", listed(EMMA, query="author=nobody&order=title&page=1")), tmp_path / "tests/test_x.py")

    body = [text for text in found.splitlines() if "Recorded" not in text and "Again" not in text and not text.startswith("#")]
    assert (line in found, max(map(len, body)) <= width, any(len(text) > 60 for text in body)) == (True, True, width > 60)
