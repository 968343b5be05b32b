"""Statements of a test as a coroutine function has them: what asks the database or the client is awaited. Expressions in, expressions out."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from unspan_inverter.plan.expressions import (
    Assign,
    Attr,
    Await,
    Call,
    Check,
    Do,
    Function,
    Import,
    Item,
    Listed,
    Name,
    SetItem,
    call,
    method,
)

CLIENT, RESPONSE, SESSION = Name("client"), Name("response"), Name("session")
OF_CLIENT: Final = Attr(CLIENT, "session")
ASKING: Final = frozenset({
    "add", "aggregate", "bulk_create", "clear", "count", "create", "delete", "earliest", "exists", "first", "get", "get_or_create", "in_bulk", "last", "latest",
    "refresh_from_db", "remove", "save", "set", "update", "update_or_create",
})  # fmt: skip
"""Methods of managers, querysets and rows of which Django has an asynchronous form, whose name begins with an `a`."""


def awaited(statement: Any) -> Any:
    """The statement, with what has to be awaited awaited."""
    session = Await(method(CLIENT, "asession"))
    if isinstance(statement, Assign) and statement.value == OF_CLIENT:
        return replace(statement, value=session)
    if isinstance(statement, Assign) and statement.value == call(Name("dict"), OF_CLIENT):
        return replace(statement, value=call(Name("dict"), Await(method(session, "aitems"))))
    if isinstance(statement, SetItem) and statement.of == SESSION:
        return Do(Await(method(SESSION, "aset", statement.key, statement.value)))
    if isinstance(statement, Do) and statement.value == method(SESSION, "save"):
        return replace(statement, value=Await(method(SESSION, "asave")))
    if isinstance(statement, Check) and statement.kind in ("in", "not in"):
        return membership(statement, session)
    return part(statement)


def made(statement: Any) -> Any:
    """The same of a statement that makes rows: what has no asynchronous form, as a factory has none, is run in a thread."""
    found = awaited(statement)
    if found == statement and isinstance(found, (Assign, Do)) and isinstance(found.value, Call):
        aside = call(Import("asgiref.sync", "sync_to_async"), found.value.function)
        return replace(found, value=Await(replace(found.value, function=aside)))
    return found


def membership(check: Check, session: Any) -> Check:
    """Whether a session has a key, or a queryset a row."""
    item, container = check.args
    if container == OF_CLIENT:
        return replace(check, kind="true" if check.kind == "in" else "false", args=(Await(method(session, "ahas_key", item)),))
    if isinstance(container, Call) and of_rows(container):
        return replace(check, args=(part(item), Listed(Name("each"), ("each",), container, asynchronous=True)))
    return part(check)


def part(value: Any) -> Any:
    """An expression or statement, its innermost parts first."""
    if isinstance(value, (list, tuple)):
        return type(value)(part(item) for item in value)
    if isinstance(value, dict):
        return {key: part(item) for key, item in value.items()}
    if isinstance(value, Function) or not is_dataclass(value) or not type(value).__module__.startswith("unspan_inverter.plan"):
        return value
    if isinstance(value, Item) and value.of == OF_CLIENT:
        return Await(method(Await(method(CLIENT, "asession")), "aget", value.key))
    if isinstance(value, Item) and type(value.key) is int and isinstance(value.of, Call) and of_rows(value.of):
        return Await(method(Item(part(value.of), slice(value.key, value.key + 1)), "aget"))
    if value == call(Attr(b"", "join"), RESPONSE):
        return call(Attr(b"", "join"), Listed(Name("chunk"), ("chunk",), RESPONSE, asynchronous=True))
    inner = replace(value, **{one.name: part(getattr(value, one.name)) for one in fields(value) if one.init and one.name != "row"})  # type: ignore[type-var]
    return asking(inner) if isinstance(inner, Call) else inner


def asking(value: Call) -> Any:
    """A call of the client, of a manager or of a row, awaited."""
    function = value.function
    if not isinstance(function, Attr):
        return value
    if function.of == CLIENT:
        return Await(replace(value, function=replace(function, name="aforce_login")) if function.name == "force_login" else value)
    if function.name in ASKING and of_rows(function.of, function.name):
        return Await(replace(value, function=replace(function, name=f"a{function.name}")))
    return value


def of_rows(value: Any, asked: str = "") -> bool:
    """Whether an expression is a manager, a queryset or, with methods of these, a row: what hangs on a class by an attribute, or on a variable."""
    steps = 0
    while isinstance(value, (Attr, Call, Item)):
        steps += isinstance(value, Attr)
        value = value.function if isinstance(value, Call) else value.of
    if isinstance(value, Import):
        return steps > 0 and value.name[:1].isupper() and not value.module.startswith("unittest")
    return isinstance(value, Name) and value not in (RESPONSE, SESSION) and (steps > 0 or asked in ("refresh_from_db", "save", "delete"))
