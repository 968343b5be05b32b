"""Tables of MySQL and MariaDB that have to hold more characters in the test than its database is made for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from unspan_proto.project import Model, Project
from unspan_proto.values import bare

from unspan_inverter.events import Event, TestCharset
from unspan_inverter.facts import Facts
from unspan_inverter.plan.expressions import Call, Do, Import, Name, Statement
from unspan_inverter.plan.sequences import using

WIDEN: Final = Name("allow_all_characters")
ALLOW_ALL_CHARACTERS: Final = '''
def allow_all_characters(*models, using="default"):
    """The test database is made with the server's character set, which lacks some that stand here. Needless where TEST has CHARSET utf8mb4."""
    with connections[using].cursor() as cursor:
        for model in models:
            table = connections[using].ops.quote_name(model._meta.db_table)
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4")
'''
CODECS: Final[Mapping[str, str]] = {
    "latin1": "cp1252", "ascii": "ascii", "latin2": "iso8859-2", "latin5": "iso8859-9", "latin7": "iso8859-13", "cp1250": "cp1250", "cp1251": "cp1251",
    "greek": "iso8859-7", "hebrew": "iso8859-8", "koi8r": "koi8-r", "sjis": "shift-jis", "ujis": "euc-jp", "gb2312": "gb2312", "gbk": "gbk", "big5": "big5",
    "euckr": "euc-kr",
}  # fmt: skip
"""MySQL's names of character sets, and the codecs that stand for them."""
SHORT: Final = ("utf8", "utf8mb3", "ucs2")
"""Those without the characters beyond the first plane: emoji, rare ideographs."""


def widened(events: Iterable[Event], facts: Facts, project: Project) -> tuple[Statement, ...]:
    """What is done before the tests of a class, once for each database."""
    charsets = {event.database: event.name.lower() for event in events if isinstance(event, TestCharset)}
    found: dict[str, dict[str, Model]] = {}
    for label, alias, values in held(facts) if charsets else ():
        if any(isinstance(text := bare(value), str) and not holds(text, charsets.get(alias, "")) for value in values.values()):
            found.setdefault(alias, {}).update({model.label: model for model in tables(label, project)})
    return tuple(
        Do(Call(WIDEN, tuple(Import(model.module, model.name) for model in models.values()), using(alias)))
        for alias, models in found.items()
    )


def held(facts: Facts) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    """Label, alias and values of the rows that the test's database has to hold."""
    yield from ((row.key.label, row.key.database, row.values) for row in facts.rows)
    yield from ((row.label, row.key.database, row.values) for row in facts.born)
    yield from ((row.key.label, row.key.database, row.after) for row in facts.changed)


def tables(label: str, project: Project) -> list[Model]:
    """The models in whose tables a row's values stand: its own, and those that it inherits from."""
    model = project.model(label)
    return [one for name in (label, *(model.parents if model else ())) if (one := project.model(name)) and not one.auto_created]


def holds(text: str, charset: str) -> bool:
    """Whether a text has only characters of the set; of a set that is not known, it is taken for granted."""
    if charset in SHORT:
        return all(ord(mark) < 0x10000 for mark in text)
    try:
        text.encode(CODECS.get(charset, "utf-8"), "strict")
    except UnicodeEncodeError:
        return charset not in CODECS
    return True


def functions(statements: Sequence[Statement]) -> list[str]:
    return [ALLOW_ALL_CHARACTERS] if statements else []
