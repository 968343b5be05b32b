"""The description of a real project, made in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.db.models.query_utils import DeferredAttribute
from unspan_instrumentation.describing.fields import converted
from unspan_instrumentation.describing.migrations import makes_rows
from unspan_instrumentation.describing.models import home
from unspan_proto import project, values
from unspan_proto.project import Constraint, Field, Project, Route
from unspan_proto.values import Opaque

PROGRAM = Path(__file__).with_name("describe.py")
INTEGER = "django.db.models.fields"


def run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    return run()


@pytest.fixture(scope="module")
def described(answer: dict[str, Any]) -> Project:
    return project.from_plain(values.decode(answer["text"]))


def test_it_is_sent_once_under_the_hash_of_its_content(answer: dict[str, Any]) -> None:
    name = project.fingerprint(answer["text"])
    assert answer["before"] is None, "there is nothing to describe before Django is set up"
    assert (answer["references"], answer["traces"], answer["kinds"]) == ([name] * 4, [name], ["project"])


def test_it_is_the_same_in_the_next_process(answer: dict[str, Any]) -> None:
    assert run()["references"] == answer["references"]


def test_a_broken_urlconf_is_tried_again_then_left_out() -> None:
    found = run("broken")
    assert found["references"] == [None, None, *found["traces"] * 2]
    assert project.from_plain(values.decode(found["text"])).routes == ()


class Shouted:
    """What a field of a library puts in the place of its column."""

    def __get__(self, instance: Any, owner: Any) -> str:
        return "LOUD"


class Painted:
    paint, brush = Shouted(), DeferredAttribute(None)


class Framed(Painted): ...


@pytest.mark.parametrize(("attname", "expected"), [("paint", True), ("brush", False), ("nothing", False)])
def test_a_descriptor_that_is_not_django_s_gives_something_else_than_the_column(attname: str, expected: bool) -> None:
    assert converted(SimpleNamespace(attname=attname, model=Framed)) is expected


@pytest.mark.parametrize(
    ("holding", "expected"),
    [
        pytest.param(("made", "shelf.models"), "made", id="its own module"),
        pytest.param(("shelf.models", "shelf.books"), "shelf.models", id="made by a function of another module"),
        pytest.param(("shelf.books", "shelves.books"), "shelf.books", id="another module of its application"),
        pytest.param(("shelves.books",), "made", id="nowhere"),
    ],
)
def test_a_model_is_imported_from_where_it_stands(holding: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    application = SimpleNamespace(name="shelf", models_module=ModuleType("shelf.models"))
    book = type("Book", (), {"__module__": "made", "_meta": SimpleNamespace(app_config=application)})
    for name in ("made", "shelf.models", "shelf.books", "shelves.books"):
        module = ModuleType(name)
        module.Book = book if name in holding else type("Book", (), {})  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    assert home(book) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('Tag = apps.get_model("library", "Tag")\nTag.objects.get_or_create(name="new")', True, id="creates rows"),
        pytest.param('Tag = apps.get_model("library", "Tag")\ntag = Tag(name="new")\ntag.save()', True, id="saves a new one"),
        pytest.param('apps.get_model("library", "Tag")(name="new").save()', True, id="saves a new one at once"),
        pytest.param(
            'Tag = apps.get_model("library", "Tag")\nfor tag in Tag.objects.all():\n    tag.save()', False, id="saves what is there"
        ),
        pytest.param('Tag = apps.get_model("library", "Tag")\nTag.objects.update(name="old")', False, id="changes what is there"),
    ],
)
def test_a_migration_makes_rows(text: str, expected: bool) -> None:
    assert makes_rows(text) is expected


def test_no_secret_is_in_it(answer: dict[str, Any]) -> None:
    assert "hush" not in answer["text"]


def field(name: str, kind: str, **more: Any) -> Field:
    module = more.pop("module", INTEGER)
    return Field(name, more.pop("attname", name), more.pop("column", name), kind, f"{module}.{kind}", **more)


RELATED = "django.db.models.fields.related"
KEY = field("id", "BigAutoField", primary_key=True, unique=True, blank=True, auto=True)


def test_models(described: Project) -> None:
    book = described.model("library.Book")
    assert book is not None
    assert book.fields == (
        KEY,
        field("title", "CharField", max_length=40),
        field(
            "author", "ForeignKey", attname="author_id", column="author_id", module=RELATED, null=True, related="library.Author", to_field="id",
            accessor="books",
        ),
        field(
            "sequel_of", "ForeignKey", attname="sequel_of_id", column="sequel_of_id", module=RELATED, null=True, related="library.Book", to_field="id",
            accessor="sequels",
        ),
        field("price", "DecimalField", has_default=True, default=values.decode('{"$":"decimal","v":"1"}'), max_digits=8, decimal_places=2),
        field("pages", "IntegerField", has_default=True, default=0),
        Field(
            "tags", "tags", None, "ManyToManyField", f"{RELATED}.ManyToManyField", kind="many_to_many", related="library.Tag",
            through="library.Book_tags", through_auto=True, accessor="books",
        ),
    )  # fmt: skip
    assert book.constraints == (Constraint("unique", "one_title", ("title", "author")), Constraint("check", "positive"))
    assert (book.module, book.table, book.pk, book.ordering, book.default_manager, book.plain_manager, book.save_effects) == (
        "library.models", "library_book", "id", ("id",), "objects", True, False,
    )  # fmt: skip


def test_tables_with_rows_that_migrations_or_what_follows_them_make(described: Project) -> None:
    assert [model.label for model in described.models if model.seeded] == ["library.Tag"]


@pytest.mark.parametrize(
    ("label", "name", "default"),
    [
        pytest.param("library.Copy", "id", Opaque("uuid.uuid4"), id="a function"),
        pytest.param("library.Copy", "notes", Opaque("dict"), id="a type"),
        pytest.param("library.Copy", "bought", Opaque("django.utils.timezone.now"), id="the clock"),
        pytest.param("library.Copy", "scan", b"", id="bytes"),
        pytest.param("library.Author", "name", None, id="none"),
    ],
)
def test_defaults_are_never_called(described: Project, label: str, name: str, default: object) -> None:
    model = described.model(label)
    assert model is not None
    found = model.field(name)
    assert found is not None
    assert (found.default, found.has_default) == (default, default is not None)


def test_relations_between_models(described: Project) -> None:
    found = {label: described.model(f"library.{label}") for label in ("Shop", "PaperBook", "Book_tags")}
    assert {label: (one.parents, one.proxy, one.concrete, one.auto_created, one.pk) for label, one in found.items() if one} == {
        "Shop": (("library.Place",), False, "library.Shop", False, "place_ptr_id"),
        "PaperBook": (("library.Book",), True, "library.Book", False, "id"),
        "Book_tags": ((), False, "library.Book_tags", True, "id"),
    }
    assert [one.name for one in described.model("library.Shop").fields if one.parent_link] == ["place_ptr"]  # type: ignore[union-attr]


def test_routes(described: Project) -> None:
    listing, detail = "shop.urls.listing", "shop.urls.Detail"
    isbn = {"shop": "slug", "isbn": ""}
    assert described.routes == (
        Route("", None, listing),
        Route("<slug:shop>/books/", "shop-books:list", listing, ("shop",), {"shop": "slug"}),
        Route("<slug:shop>/books/<int:pk>/", "shop-books:detail", detail, ("shop", "pk"), {"shop": "slug", "pk": "int"}),
        Route("<slug:shop>/books/^by-isbn/(?P<isbn>[0-9-]+)/$", "shop-books:isbn", listing, ("shop", "isbn"), isbn),
        Route("en-us/about/", "about", listing),
    )


def test_surroundings(described: Project) -> None:
    assert described.databases == {"default": {"engine": "django.db.backends.sqlite3", "vendor": "sqlite", "atomic_requests": True}}
    assert (described.settings_module, described.root) == ("project_settings", str(PROGRAM.parent / "project"))
    assert described.settings["CACHES"] == {
        "default": "django.core.cache.backends.locmem.LocMemCache", "other": "django.core.cache.backends.dummy.DummyCache",
    }  # fmt: skip
    assert {name: described.settings[name] for name in ("DEBUG", "LANGUAGE_CODE", "TIME_ZONE", "USE_TZ", "ROOT_URLCONF", "SESSION_COOKIE_NAME")} == {
        "DEBUG": True, "LANGUAGE_CODE": "en-us", "TIME_ZONE": "America/Chicago", "USE_TZ": True, "ROOT_URLCONF": "shop.urls",
        "SESSION_COOKIE_NAME": "sessionid",
    }  # fmt: skip
    assert "pytest" in described.packages
