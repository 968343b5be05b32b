"""Keys and columns of every kind, several databases and a router: recorded on real databases, their tests pass on empty ones and say what they should."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import pytest
from programs.databases import running

from .rounds import Round

PATHS = [
    "/shelf/one_book/", "/shelf/further_author/", "/shelf/refused_author/", "/shelf/renamed_author/", "/shelf/emoji/", "/shelf/books_of_both/",
    "/shelf/archived_book/", "/shelf/not_archived/", "/shelf/routed/", "/shelf/parcels/", "/shelf/notes/", "/shelf/signs/",
    *(["/shelf/lines/", "/shelf/written_lines/"] if django.VERSION >= (5, 2) else []),
]  # fmt: skip
OF_POSTGRESQL = ["/pgshelf/arrays/", "/pgshelf/ranges/", "/pgshelf/hstores/", "/pgshelf/documents/"]
CASES = [
    (name, path) for name in ("sqlite", "postgresql", "mariadb") for path in (*PATHS, *(OF_POSTGRESQL if name == "postgresql" else ()))
]


@pytest.fixture(scope="session")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with ExitStack() as stack:
        done: dict[str, Round] = {}

        def of(name: str) -> Round:
            if name not in done:
                folder = Path(tmp_path_factory.mktemp(name)) / "project"
                done[name] = Round(folder, databases(stack.enter_context(running(name)), folder))
            return done[name]

        yield of


def databases(server: Any, folder: Path) -> dict[str, dict[str, Any]]:
    """Two databases of a kind."""
    if server is None:
        return {
            alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / f"{alias}.sqlite3")} for alias in ("default", "archive")
        }
    names = {"default": "shelf", "archive": "archive"}
    made(server, names.values())
    return {alias: {**server, "NAME": name} for alias, name in names.items()}


def made(server: Any, names: Any) -> None:
    if "postgresql" in server["ENGINE"]:
        import psycopg

        with psycopg.connect(host="127.0.0.1", port=server["PORT"], user="postgres", dbname="postgres", autocommit=True) as connection:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}")
        return
    import pymysql

    with (
        pymysql.connect(host="127.0.0.1", port=int(server["PORT"]), user="shop", password="shop") as connection,
        connection.cursor() as cursor,
    ):
        for name in names:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.strip('/').partition('/')[2]}" for name, path in CASES])
def test_its_test_passes(name: str, path: str, rounds: Any) -> None:
    done = rounds(name)
    assert done.statuses[path][0] in (200, 409), done.statuses[path][1][:2000]
    assert done.outcomes.get(path, done.tests.get(path)) == "", done.tests[path]


SAID = {
    ("postgresql", "/shelf/further_author/"): ["advance_sequences(Author)"],
    ("sqlite", "/shelf/renamed_author/"): ["# a write was refused because of this row: its values are stand-ins"],
    ("mariadb", "/shelf/emoji/"): ['self.assertEqual(self.bob.name, "Bob 🎨")'],
    ("mariadb", "/shelf/books_of_both/"): ['databases = {"archive", "default"}', 'Book.objects.using("archive").create('],
    ("postgresql", "/shelf/archived_book/"): [
        'book = Book.objects.using("archive").get(title="Emma")', "self.assertEqual(book.author, self.old_ann)",
        "self.assertFalse(Book.objects.filter(pk=self.emma.pk).exists())",
    ],
    ("sqlite", "/shelf/not_archived/"): ["self.assertEqual(self.book.pages, 8)", 'self.assertEqual(response.json(), {"letters": 1})'],
    ("sqlite", "/shelf/routed/"): ['databases = {"archive"}', 'Letter.objects.using("archive").create(text="Dear Ann")'],
    ("mariadb", "/shelf/parcels/"): ["self.assertEqual(parcel.inside, self.inner)", '"new": str(parcel.pk)'],
    ("postgresql", "/shelf/notes/"): ["self.assertEqual(note.number, str(self.bob.pk))"],
    ("sqlite", "/shelf/signs/"): [
        """words='{"de": "Ziehen", "en": "Pull"}'""", """self.assertEqual(Sign._meta.get_field("words").get_prep_value(sign.words), '{"en": "Wet paint"}')""",
        """Sign._meta.get_field("words").get_prep_value(self.door.words), '{"de": "Ziehen", "en": "Do not pull"}'""",
    ],
    ("postgresql", "/pgshelf/arrays/"): ["grid=[[1, 2], [3, 4]],", "self.assertEqual(shelf_2.grid, [[9]])"],
    ("postgresql", "/pgshelf/ranges/"): [
        "span=NumericRange(1, 5),", 'weight=NumericRange(Decimal("1.5"), None, "()"),', "NumericRange(empty=True)",
        "lent=DateRange(date(2024, 2, 3), date(2024, 3, 1)),", "self.assertEqual(self.full.span, NumericRange(2, 6))",
    ],
    ("postgresql", "/pgshelf/hstores/"): ['self.assertEqual(shelf_2.facts, {"none": None, "colour": "red", "more": "yes"})'],
    ("postgresql", "/pgshelf/documents/"): ['data={"a": [1, {"b": None}]},'],
    **({("postgresql", "/shelf/written_lines/"): [
        'Line.objects.create(bill=1, place=1, what="tea", price=Decimal("1.50"))', 'self.assertEqual(self.tea.what, "green tea")',
        "self.assertFalse(Line.objects.filter(pk=self.jam.pk).exists())",
    ]} if django.VERSION >= (5, 2) else {}),
}  # fmt: skip
"""What arranges and asserts the feature that each view is about."""


@pytest.mark.parametrize(("name", "path"), SAID, ids=[f"{name}-{path.strip('/').partition('/')[2]}" for name, path in SAID])
def test_its_test_says(name: str, path: str, rounds: Any) -> None:
    text = rounds(name).tests[path]
    assert [line for line in SAID[name, path] if line not in text] == [], text
