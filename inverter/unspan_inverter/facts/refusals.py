"""What a database says when it refuses a row: which columns ran into another row, told from the texts of SQLite, PostgreSQL, MySQL and MariaDB."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from unspan_proto.project import Model
from unspan_proto.values import bare

SQLITE: Final = re.compile(r"UNIQUE constraint failed: (\w+\.\w+(?:, \w+\.\w+)*)")
POSTGRESQL: Final = re.compile(r"\(([^()]+)\)=\((.*)\)", re.DOTALL)
"""`Key (author_id, title)=(1, One) already exists.`: the words around it may be of any language."""
POINTING: Final = re.compile(r"is not present in table|is still referenced from table")
MYSQL: Final = re.compile(r"Duplicate entry '(.*)' for key '(?:\w+\.)?([^'.]+)'", re.DOTALL)
OTHERS: Final = re.compile(
    r"(?:FOREIGN KEY|NOT NULL|CHECK) constraint failed|violates (?:foreign key|not-null|check) constraint|^\(?(?:1048|1364|1451|1452|3819|4025), "
)
"""What refuses a row that is alone in its table too."""


def uniques(model: Model) -> list[tuple[str, ...]]:
    """The attnames that no two rows share, each set of them."""
    alone = [(one.attname,) for one in model.fields if one.unique or one.primary_key]
    return alone + [attnames(model, one.fields) for one in model.constraints if one.kind == "unique" and one.fields]


def attnames(model: Model, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(one.attname for name in names if (one := model.field(name)) is not None)


def shared(message: str, model: Model, rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """The attnames of which the database says that another row has the same; () where it refused for another reason, None where it does not say."""
    if found := MYSQL.search(message):
        return of_index(found[1], found[2], model, rows)
    if OTHERS.search(message) or POINTING.search(message):
        return ()
    if found := SQLITE.search(message):
        return of_columns([one.rpartition(".")[2] for one in found[1].split(", ")], model)
    if found := POSTGRESQL.search(message):
        return of_columns([one.strip(' "') for one in found[1].split(",")], model)
    return None


def names_values(message: str, values: Iterable[Any]) -> bool:
    """Whether the database says that these were there already: PostgreSQL, MySQL and MariaDB do, as texts."""
    texts = [str(value) for value in values]
    if found := MYSQL.search(message):
        return found[1] == "-".join(texts)
    found = POSTGRESQL.search(message)
    return found is not None and found[2] == ", ".join(texts)


def of_columns(columns: list[str], model: Model) -> tuple[str, ...] | None:
    known = {one.column: one.attname for one in model.fields if one.column}
    return tuple(known[name] for name in columns) if all(name in known for name in columns) else None


def of_index(entry: str, index: str, model: Model, rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """MySQL names the index: the key, a column's own, that of a constraint; of those that Django names by a digest, the values tell."""
    if index == "PRIMARY":
        return (model.pk,)
    named = [attnames(model, one.fields) for one in model.constraints if one.name == index and one.fields]
    column = of_columns([index], model)
    if named or column:
        return named[0] if named else column
    found = [names for names in uniques(model) if any(entry == "-".join(str(bare(row.get(name))) for name in names) for row in rows)]
    return found[0] if found else None


def same(one: Any, other: Any, message: str) -> bool:
    """Whether two values are one to the database: MySQL's usual collations do not look at the case of letters."""
    if MYSQL.search(message) and isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return bool(one == other)
