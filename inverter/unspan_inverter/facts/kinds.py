"""What must hold before the request, and what holds after it: rows, links, the clock, the login, the outside world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from unspan_proto.values import bare

from unspan_inverter.events import CacheUsed, FileUsed, HttpAnswered, Logged, MailSent, TapeRead, TaskHanded

SECRETS: Final = ("password", "token", "secret", "key")
"""Words in the names of columns whose texts say nothing to a reader."""


def plain_key(value: Any) -> str:
    """A key's text, the same for a UUID in each of its forms and for a number and its digits."""
    text = str(bare(value))
    return text.replace("-", "").lower() if len(text) in (32, 36) else text


class Key(NamedTuple):
    """A row: the label of its concrete model, its primary key, and the alias of its database."""

    label: str
    pk: Any
    database: str = "default"


@dataclass(frozen=True, slots=True)
class Made:
    """The key of a row whose real one was not recorded; `why` says what proves the row."""

    number: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class RowExists:
    """A row that was there before the request, with what is known of it. `why` is set on a stand-in: the request never read such a row."""

    key: Key
    values: Mapping[str, Any]
    span: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """A row of an automatic many-to-many table: `owner.field` contains `target`."""

    owner: Key
    field: str
    target: Key


@dataclass(frozen=True, slots=True)
class RowBorn:
    """A row that the request made and left behind, as it was at the end."""

    key: Key
    label: str
    values: Mapping[str, Any]
    span: str


@dataclass(frozen=True, slots=True)
class RowChanged:
    """A row that the request changed: attname → value at the end, and what was there before where it was seen."""

    key: Key
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    span: str


@dataclass(frozen=True, slots=True)
class RowGone:
    """A row that the request deleted."""

    key: Key
    span: str


@dataclass(frozen=True, slots=True)
class Decoy:
    """Rows that were not there, and of which no query may take any. `what`: how they differ from what was asked for.

    `asked`: label → the keys of that model, as text, that statements asked for: none of these rows may get one of them. `grown`: labels of models
    of which the request makes rows.
    """

    rows: tuple[RowExists, ...]
    what: str
    linked: tuple[Linked, ...] = ()
    asked: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    grown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Loose:
    """Rows of one result in the order in which they came; `groups`: rows with the same number might have come in another order."""

    rows: tuple[tuple[Any, ...], ...]
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the test must arrange, and may assert of the database."""

    rows: tuple[RowExists, ...] = ()
    linked: tuple[Linked, ...] = ()
    born: tuple[RowBorn, ...] = ()
    changed: tuple[RowChanged, ...] = ()
    gone: tuple[RowGone, ...] = ()
    links_made: tuple[Linked, ...] = ()
    links_cut: tuple[Linked, ...] = ()
    decoys: tuple[Decoy, ...] = ()
    services: tuple[HttpAnswered, ...] = ()
    tapes: tuple[TapeRead, ...] = ()
    mails: tuple[MailSent, ...] = ()
    cache: tuple[CacheUsed, ...] = ()
    files: tuple[FileUsed, ...] = ()
    logs: tuple[Logged, ...] = ()
    tasks: tuple[TaskHanded, ...] = ()
    statements: Mapping[str, int] = field(default_factory=dict[str, int])
    """Database → how many statements the request made of it, the steps of transactions among them."""
    databases: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    passing: frozenset[Any] = frozenset()
    """Automatic keys of rows that the request made and that are gone again: another run may be given others."""
    loose: tuple[Loose, ...] = ()
    """Results whose order the database chose, and will choose again."""
    hindrances: tuple[str, ...] = ()
    """What no test can arrange, a sentence each."""
    inherited: Mapping[Key, Key] = field(default_factory=dict[Key, Key])
    """Key of a parent's row → key of the row that inherits from it, which stands for both."""
    numbered: Mapping[str, str] = field(default_factory=dict[str, str])
    """Label of a model with automatic keys, of the rows → the table whose numbers those are."""
    generic: Mapping[Key, Mapping[str, Key]] = field(default_factory=dict[Key, Mapping[str, Key]])
    """Rows, those before and those made, whose generic foreign keys point to a row that was met: name of the column with the key → that row."""
    deciding: Mapping[str, frozenset[str]] | None = None
    """Label → attnames on which it hung which rows a statement took, or what it made of them; None where it is not known."""
    several: frozenset[str] | None = None
    """Labels of models of which a statement may have taken several rows, so that their keys may have decided the order; None where it is not known."""
    unordered: frozenset[str] = frozenset()
    """Labels of models whose rows cannot be made in the order of their automatic keys."""
    keys_seen: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict[Key, Mapping[str, Any]])
    """Every row met, born ones included, with its values at the end: what a key in the response may refer to."""
