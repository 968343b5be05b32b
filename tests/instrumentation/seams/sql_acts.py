"""What applications do with a database: each act returns what the application saw. Imported once Django is set up (`sql_run`)."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from library.models import Book, Tag

SAVEPOINT = re.compile(r"[ts]\d+_x\d+|_django_curs_\w+")


def nested_atomics() -> Any:
    with transaction.atomic():
        tag("outer")
        with transaction.atomic():
            tag("inner")
            with transaction.atomic():
                tag("innermost")
    return tags()


def an_inner_atomic_rolled_back() -> Any:
    with transaction.atomic():
        tag("kept")
        try:
            with transaction.atomic():
                tag("gone")
                raise LookupError
        except LookupError:
            tag("after")
    return tags()


def an_atomic_without_savepoint() -> Any:
    try:
        with transaction.atomic():
            tag("a")
            with transaction.atomic(savepoint=False):
                tag("b")
                raise LookupError
    except LookupError:
        return tags()


def a_clash_inside_an_atomic() -> Any:
    tag("same")
    with transaction.atomic():
        try:
            with transaction.atomic():
                tag("same")
        except IntegrityError as error:
            return [type(error).__name__, tags()]


def a_query_in_a_broken_atomic() -> Any:
    tag("same")
    with transaction.atomic():
        try:
            tag("same")
        except IntegrityError:
            try:
                return tags()
            except transaction.TransactionManagementError as error:
                transaction.set_rollback(True)
                return str(error)


def savepoints_by_hand() -> Any:
    with transaction.atomic():
        first = transaction.savepoint()
        tag("gone")
        transaction.savepoint_rollback(first)
        transaction.savepoint_commit(transaction.savepoint())
        transaction.clean_savepoints()
        tag("kept")
    return tags()


def a_durable_atomic_inside_another() -> Any:
    try:
        with transaction.atomic(), transaction.atomic(durable=True):
            tag("never")
    except RuntimeError as error:
        return [str(error), tags()]


def callbacks_after_the_commit() -> Any:
    seen: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: seen.append("committed"))
        tag("a")
        seen.append("inside")
    return seen


def autocommit_off() -> Any:
    connection.set_autocommit(False)
    try:
        tag("gone")
        connection.rollback()
        tag("kept")
        connection.commit()
    finally:
        connection.set_autocommit(True)
    return tags()


def rows_locked_for_update() -> Any:
    tag("a")
    with transaction.atomic():
        return [one.name for one in Tag.objects.select_for_update().order_by("id")]


def iterators_side_by_side() -> Any:
    many(7)
    with transaction.atomic():
        first, second = (Tag.objects.order_by("id").iterator(chunk_size=2) for _ in range(2))
        return [[next(first).name, next(second).name] for _ in range(5)]


def an_iterator_closed_early() -> Any:
    many(7)
    rows = Tag.objects.order_by("id").iterator(chunk_size=2)
    found = [next(rows).name]
    rows.close()
    return [*found, tags()]


def executemany_of_a_list() -> Any:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO library_tag (name) VALUES (%s)", [("a",), ("b",)])
        return [cursor.rowcount, tags()]


def executemany_of_a_generator() -> Any:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO library_tag (name) VALUES (%s)", ((name,) for name in "abc"))
    return tags()


def named_parameters() -> Any:
    tag("a")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM library_tag WHERE name = %(name)s", {"name": "a"})
        return [cursor.description[0][0], cursor.fetchone(), cursor.fetchone()]


def a_percent_sign_without_parameters() -> Any:
    many(3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM library_tag WHERE name LIKE '1%'")
        return cursor.fetchall()


def rows_by_every_fetch() -> Any:
    many(9)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM library_tag ORDER BY id")
        found = [cursor.fetchone(), cursor.fetchmany(2), cursor.fetchmany(1)]
        rest = list(cursor)
        return [found, rest, cursor.fetchone(), cursor.fetchall(), cursor.rowcount in (9, -1)]


def one_cursor_for_many_statements() -> Any:
    many(2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM library_tag ORDER BY id")
        first = cursor.fetchone()
        cursor.execute("SELECT 7")
        return [first, cursor.fetchall()]


def every_write_of_the_orm() -> Any:
    Tag.objects.bulk_create([Tag(name=name) for name in "abcd"], batch_size=2)
    Tag.objects.bulk_create([Tag(name="a"), Tag(name="e")], ignore_conflicts=True)
    some = list(Tag.objects.order_by("id")[:2])
    for one in some:
        one.name += "!"
    Tag.objects.bulk_update(some, ["name"])
    made = [Tag.objects.get_or_create(name="a!")[1], Tag.objects.get_or_create(name="f")[1]]
    made += [Book.objects.update_or_create(title="T", defaults={"pages": pages})[1] for pages in (1, 2)]
    Book.objects.update(pages=F("pages") + 1)
    Book.objects.get().tags.set(Tag.objects.filter(name__in="cd"))
    deleted = Tag.objects.filter(name__in="ce").delete()
    return [made, tags(), Book.objects.get().pages, deleted, sorted(Tag.objects.in_bulk(field_name="name"))]


def an_upsert() -> Any:
    tag("a")
    if not connection.features.supports_update_conflicts:
        return tags()
    target = {"unique_fields": ["name"]} if connection.features.supports_update_conflicts_with_target else {}
    Tag.objects.bulk_create([Tag(name="a"), Tag(name="b")], update_conflicts=True, update_fields=["name"], **target)
    return tags()


def an_explained_query() -> Any:
    return type(Tag.objects.filter(name="a").explain()).__name__


def raw_rows() -> Any:
    many(2)
    return [one.name for one in Tag.objects.raw("SELECT * FROM library_tag WHERE name <> %s ORDER BY id", ["9"])]


def an_error_of_the_database() -> Any:
    found = []
    for statement in ("SELECT * FROM nowhere", "SELEC 1"):
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except DatabaseError as error:
            found.append(type(error).__name__)
    return found


def a_wrapper_that_refuses() -> Any:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        raise PermissionError(sql.split()[0])

    try:
        with connection.execute_wrapper(refuse):
            return tags()
    except PermissionError as error:
        return str(error)


def a_wrapper_that_rewrites() -> Any:
    many(3)

    def rewrite(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        return execute(f"{sql} /* rewritten */", params, many, context)

    with connection.execute_wrapper(rewrite):
        return tags()


def a_connection_closed_and_opened() -> Any:
    tag("a")
    connection.close()
    return tags()


def queries_counted() -> Any:
    with CaptureQueriesContext(connection) as captured:
        many(2)
        tags()
        with transaction.atomic():
            tag("x")
    return [[SAVEPOINT.sub("s", one["sql"]) for one in captured]]


def the_driver_s_own_cursor() -> Any:
    """What applications do with `cursor.cursor` and the driver's functions."""
    with connection.cursor() as cursor:
        own = cursor.cursor
        if connection.vendor == "sqlite":
            import sqlite3

            return [isinstance(own, sqlite3.Cursor), own.execute("SELECT 3").fetchall()]
        if connection.vendor == "mysql":
            return [own.execute("SELECT 3"), own.fetchall(), own.mogrify("SELECT %s", ("a",)) if hasattr(own, "mogrify") else None]
        return postgres(own)


def postgres(own: Any) -> Any:
    if connection.Database.__name__ == "psycopg2":
        from psycopg2 import extensions, extras, sql

        extensions.register_type(extensions.UNICODE, own)
        extras.execute_values(own, "INSERT INTO library_tag (name) VALUES %s", [("a",), ("b",)])
        extras.register_uuid(conn_or_curs=own)
        own.execute(sql.SQL("SELECT name FROM {} ORDER BY id").format(sql.Identifier("library_tag")))
        return [own.fetchall(), sql.Identifier("a b").as_string(own), extensions.quote_ident("c d", own), own.mogrify("%s", (1,)).decode()]
    from psycopg import sql
    from psycopg.types import TypeInfo

    own.execute(sql.SQL("SELECT {}").format(sql.Literal(3)))
    return [own.fetchall(), sql.Identifier("a b").as_string(own), TypeInfo.fetch(own.connection, "uuid").name]


def a_procedure() -> Any:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'")
            cursor.callproc("twice", [4])
            return cursor.fetchall()
        if connection.vendor == "mysql":
            cursor.execute("DROP PROCEDURE IF EXISTS twice")
            cursor.execute("CREATE PROCEDURE twice(IN n INT) BEGIN SELECT n * 2; SELECT n * 3; END")
            cursor.callproc("twice", [4])
            return [cursor.fetchall(), bool(cursor.nextset()), cursor.fetchall()]
    return None


def the_async_orm() -> Any:
    async def act() -> Any:
        await Tag.objects.acreate(name="a")
        await Tag.objects.abulk_create([Tag(name="b"), Tag(name="c")])
        found = [one.name async for one in Tag.objects.order_by("id")]
        found += [one.name async for one in Tag.objects.order_by("id").aiterator(chunk_size=1)]
        await Tag.objects.filter(name="a").adelete()
        return [found, await Tag.objects.acount(), (await Tag.objects.aget(name="b")).name, await Tag.objects.filter(name="z").aexists()]

    return asyncio.run(act())


def a_foreign_key_to_nothing() -> Any:
    try:
        Book.objects.create(title="Nobody's", author_id=987654)
    except IntegrityError as error:
        return [type(error).__name__, Book.objects.count()]


ACTS: tuple[Callable[[], Any], ...] = (
    nested_atomics, an_inner_atomic_rolled_back, an_atomic_without_savepoint, a_clash_inside_an_atomic, a_query_in_a_broken_atomic,
    savepoints_by_hand, a_durable_atomic_inside_another, callbacks_after_the_commit, autocommit_off, rows_locked_for_update,
    iterators_side_by_side, an_iterator_closed_early, executemany_of_a_list, executemany_of_a_generator, named_parameters,
    a_percent_sign_without_parameters, rows_by_every_fetch, one_cursor_for_many_statements, every_write_of_the_orm, an_upsert,
    an_explained_query, raw_rows, an_error_of_the_database, a_foreign_key_to_nothing, a_wrapper_that_refuses, a_wrapper_that_rewrites, a_connection_closed_and_opened,
    queries_counted, the_driver_s_own_cursor, a_procedure, the_async_orm,
)  # fmt: skip


def tag(name: str) -> Any:
    return Tag.objects.create(name=name)


def tags() -> list[str]:
    return list(Tag.objects.order_by("id").values_list("name", flat=True))


def many(count: int) -> None:
    Tag.objects.bulk_create([Tag(name=str(number)) for number in range(count)])
