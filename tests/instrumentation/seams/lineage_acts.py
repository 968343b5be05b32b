"""What depends on rows that it does not fetch: each act begins with three authors, three books and a tag. Imported once Django is set up (`sql_run`)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Avg, Count, Exists, F, OuterRef
from library.models import Author, Book, Tag
from unspan_instrumentation import recording


def seeded(act: Callable[[], Any]) -> Callable[[], Any]:
    """The act on rows that no recording saw the making of."""

    def whole() -> Any:
        token = recording.begin(None)
        try:
            ann, bob, _ = (Author.objects.create(name=name) for name in ("Ann", "Bob", "Cy"))
            one = Book.objects.create(title="One", author=ann, price=Decimal("3.50"), pages=10)
            Book.objects.create(title="Two", author=ann, sequel_of=one, price=Decimal("4.00"), pages=20)
            Book.objects.create(title="Three", author=bob, price=Decimal("5.00"), pages=30)
            one.tags.add(Tag.objects.create(name="new"))
        finally:
            recording.finish(token)
        return act()

    whole.__name__ = act.__name__
    return whole


def a_count() -> Any:
    return Book.objects.filter(author__isnull=False, pages__lt=25).count()


def a_count_again() -> Any:
    """The second time nothing is asked: nothing was written."""
    return [Book.objects.filter(pages__gt=15).count(), Book.objects.filter(pages__gt=15).count()]


def an_average_over_a_join() -> Any:
    return list(Author.objects.annotate(mean=Avg("books__pages"), n=Count("books")).order_by("name").values_list("name", "mean", "n"))


def an_exists() -> Any:
    return Book.objects.filter(author__name="Ann", pages=20).exists()


def whole_rows() -> Any:
    """The statement returns every column of its table; what that points to comes at the end."""
    return [book.title for book in Book.objects.filter(title="Two")]


def some_columns() -> Any:
    return list(Book.objects.filter(title="One").values_list("title"))


def what_is_not_there() -> Any:
    """The rows that stand in the way of others."""
    return [author.name for author in Author.objects.filter(~Exists(Book.objects.filter(author=OuterRef("pk"))))]


def an_update_of_the_database_s_own() -> Any:
    return Book.objects.filter(author__name="Ann").update(pages=F("pages") + 1)


def a_plain_update() -> Any:
    return Book.objects.filter(pages__gte=30).update(title="Last")


def a_delete_with_cascades() -> Any:
    return Author.objects.get(name="Ann").delete()[0]


def an_upsert() -> Any:
    tags = Tag.objects.bulk_create([Tag(name="new"), Tag(name="newer")], ignore_conflicts=True)
    return len(tags)


def raw(statement: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def raw_reading() -> Any:
    return raw("SELECT count(*), max(pages) FROM library_book WHERE pages > %s AND title LIKE 'T%%'", 10)


def raw_writing() -> Any:
    return [
        raw("UPDATE library_book SET title = UPPER(title) WHERE pages = %s", 30),
        raw("DELETE FROM library_book WHERE title = 'Two'"),
    ]


def after_what_was_born() -> Any:
    Book.objects.create(title="Four", author_id=3, sequel_of_id=3, pages=40)
    return Book.objects.filter(pages__gt=15).count()


def a_function_that_may_write() -> Any:
    try:
        return raw("SELECT sleep_or_worse(pages) FROM library_book")
    except DatabaseError:
        return "no such function"


ACTS = [
    seeded(act)
    for act in (
        a_count, a_count_again, an_average_over_a_join, an_exists, whole_rows, some_columns, what_is_not_there, an_update_of_the_database_s_own,
        a_plain_update, a_delete_with_cascades, an_upsert, raw_reading, raw_writing, after_what_was_born,
        a_function_that_may_write,
    )
]  # fmt: skip
