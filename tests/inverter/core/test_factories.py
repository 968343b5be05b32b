"""Factories: what is told of them from their sources, and which rows are then made by them, with what said."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from unspan_inverter.factory_sources import bakery, factories
from unspan_inverter.generate import generated
from unspan_inverter.plan import Habits
from unspan_inverter.plan.expressions import Import
from unspan_inverter.plan.habits import COMPUTED, LITERAL, RELATED, Factory, Given
from unspan_inverter.trace import built

from .making import BOOK, PROJECT, project_spans, read, spans

WITH = replace(PROJECT, packages={"factory-boy": "3.3"})
HEAD = """
import factory
from factory.django import DjangoModelFactory

from shop.models import Author, Book
"""
AUTHOR = """
class AuthorFactory(DjangoModelFactory):
    class Meta:
        model = Author
    name = factory.Faker("name")
"""
NAME = {"name": Given(COMPUTED)}
AUTHORS = Import("shop.tests.factories", "AuthorFactory")
TOLD: dict[str, tuple[str, dict[str, Factory]]] = {
    "a class with its model": (AUTHOR, {"shop.author": Factory(AUTHORS, NAME)}),
    "the model by its label": (AUTHOR.replace("= Author", '= "shop.Author"'), {"shop.author": Factory(AUTHORS, NAME)}),
    "the project's user": (
        "from django.contrib.auth import get_user_model\nclass UserFactory(DjangoModelFactory):\n    class Meta:\n        model = get_user_model()\n",
        {"auth.user": Factory(Import("shop.tests.factories", "UserFactory"))},
    ),
    "literals, relations, and what is computed": (
        """
        class BookFactory(DjangoModelFactory):
            class Meta:
                model = Book
            title = "Emma"
            price = -1
            author = factory.SubFactory("shop.tests.factories.AuthorFactory")
            sequel = factory.Maybe("price", factory.SubFactory("shop.tests.factories.BookFactory"))
            added = factory.LazyFunction(now)
            @factory.lazy_attribute
            def due(self):
                return None
        """,
        {"shop.book": Factory(Import("shop.tests.factories", "BookFactory"), {
            "title": Given(LITERAL, "Emma"), "price": Given(LITERAL, -1), "author": Given(RELATED), "sequel": Given(RELATED), "added": Given(COMPUTED),
            "due": Given(COMPUTED),
        })},
    ),
    "what a class above declares": (
        f"""{AUTHOR}
class FamousFactory(AuthorFactory):
    email = "ada@example.org"
""",
        {"shop.author": Factory(AUTHORS, NAME)},
    ),
    "an abstract one above": (
        """
        class Base(DjangoModelFactory):
            class Meta:
                abstract = True
            name = "Ada"
        class AuthorFactory(Base):
            class Meta:
                model = Author
        """,
        {"shop.author": Factory(AUTHORS, {"name": Given(LITERAL, "Ada")})},
    ),
    "one that takes a row that is there": (
        AUTHOR.replace("model = Author", "model = Author\n        django_get_or_create = ('email',)"),
        {"shop.author": Factory(AUTHORS, NAME, unique=("email",))},
    ),
    "rows made afterwards": (AUTHOR + "    books = factory.RelatedFactory('shop.tests.factories.BookFactory')\n", {}),
    "something done afterwards": (AUTHOR + "    @factory.post_generation\n    def books(self, create, extracted, **more):\n        pass\n", {}),
    "a creation of its own": (AUTHOR + "    @classmethod\n    def _create(cls, *args, **more):\n        pass\n", {}),
    "an option that we do not know": (AUTHOR.replace("model = Author", "model = Author\n        database = 'other'"), {}),
    "several that have no name to choose by": (
        "class One(DjangoModelFactory):\n    class Meta:\n        model = Author\nclass Two(DjangoModelFactory):\n    class Meta:\n        model = Author\n", {},
    ),
    "no factory of Django's": ("class AuthorFactory(factory.Factory):\n    class Meta:\n        model = Author\n", {}),
    "a mixin that we cannot read": (AUTHOR.replace("(DjangoModelFactory)", "(Mixin, DjangoModelFactory)"), {}),
    "no Python": ("class (\n", {}),
}  # fmt: skip


def sources(folder: Path, text: str, name: str = "shop/tests/factories.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_text(HEAD + dedent(text))
    return folder


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_of_a_factory(tmp_path: Path, name: str) -> None:
    text, expected = TOLD[name]

    assert factories(sources(tmp_path, text), None, WITH) == expected


def test_factories_are_looked_for_where_tests_are_or_where_the_settings_say(tmp_path: Path) -> None:
    sources(tmp_path, AUTHOR, "shop/makers.py")

    assert factories(tmp_path, None, WITH) == {}
    assert list(factories(tmp_path, ["shop.makers"], WITH)) == ["shop.author"]
    assert factories(tmp_path, [], WITH) == {}


def test_without_the_library_there_are_none(tmp_path: Path) -> None:
    assert factories(sources(tmp_path, AUTHOR), None, PROJECT) == {}


BAKED = replace(PROJECT, packages={"model-bakery": "1.20"})


def test_model_bakery_makes_rows_where_tests_use_it(tmp_path: Path) -> None:
    sources(tmp_path, "", "shop/tests/test_books.py")
    assert factories(tmp_path, None, BAKED) == {}

    (tmp_path / "shop/tests/test_authors.py").write_text("from model_bakery import baker\n")
    assert factories(tmp_path, None, BAKED)["shop.book"] == bakery(BOOK)


# Rows.

ADA = {"id": 3, "name": "Ada", "email": "ada@example.org"}
EMMA = {
    "id": 7, "title": "Emma", "author_id": 3, "sequel_id": None, "price": 0, "is_lent": False, "due": None,
}  # fmt: skip
BOOKS = Import("shop.tests.factories", "BookFactory")


def arranged(*happened: Any, **makers: Factory) -> list[str]:
    """The lines that make rows of authors and books, `author` and `book` being made by these."""
    habits = Habits(factories={f"shop.{name}": one for name, one in makers.items()})
    story = built(spans(*happened, method="POST", answer=b"Emma by Ada"), project_spans())
    text = generated([story], habits=habits, decoys=False).source
    return [
        line.strip().partition(" = ")[2] or line.strip()
        for line in text.splitlines()
        if ("(" in line and ("Factory(" in line or "objects." in line or "baker." in line))
    ]


READ = (read("shop.Book", EMMA), read("shop.Author", ADA))
AUTHOR_ROW = 'Author.objects.create(name="Ada", email="ada@example.org")'
ROWS: dict[str, tuple[dict[str, Factory], str]] = {
    "what the factory gives alike is left out": (
        {"book": Factory(BOOKS, {"title": Given(LITERAL, "Emma"), "price": Given(LITERAL, 0)})}, "BookFactory(author=author)",
    ),
    "what it gives otherwise is written": (
        {"book": Factory(BOOKS, {"title": Given(LITERAL, "Persuasion"), "is_lent": Given(LITERAL, True)})},
        'BookFactory(title="Emma", author=author, is_lent=False)',
    ),
    "a computed text that was fetched is written": ({"book": Factory(BOOKS, {"title": Given(COMPUTED)})}, 'BookFactory(title="Emma", author=author)'),
    "a related row is given, or none": (
        {"book": Factory(BOOKS, {"author": Given(RELATED), "sequel": Given(RELATED)})}, 'BookFactory(title="Emma", author=author, sequel=None)',
    ),
    "the key is the value that tells another's": (
        {"book": Factory(BOOKS, {}, unique=("title",))}, 'BookFactory(title="Emma", author=author)',
    ),
    "one that would take a row by what it gives itself": (
        {"book": Factory(BOOKS, {"title": Given(LITERAL, "Emma")}, unique=("title",))}, 'Book.objects.create(title="Emma", author=author)',
    ),
    "one with a field that the model has not": ({"book": Factory(BOOKS, {"shelf": Given(COMPUTED)})}, 'Book.objects.create(title="Emma", author=author)'),
    "model_bakery": ({"book": bakery(BOOK)}, 'baker.make(Book, title="Emma", author=author)'),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_row_by_a_factory(name: str) -> None:
    makers, expected = ROWS[name]

    assert arranged(*READ, **makers) == [AUTHOR_ROW, expected]
