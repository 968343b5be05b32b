"""The SQLite file itself: created private, checked before it is trusted, connected with the settings that make a commit durable.

Knows the schema's version and what can be wrong with a file; reads and writes no traces.
"""

import errno
import os
import re
import sqlite3
from importlib import resources
from pathlib import Path

from unspan_collector.errors import CannotOpen, Corrupted

SCHEMA = 2
"""Version of `schema.sql`, kept in the file as `user_version`."""
APPLICATION = 0x756E7370
"""Marks the file as ours (`application_id`): `unsp`."""
UPGRADES = ((2, "CREATE TABLE IF NOT EXISTS pin (trace_id BLOB PRIMARY KEY) WITHOUT ROWID"),)
"""What makes an older schema the one of each version."""
CHECKED_WHOLE = 64 << 20
"""Files up to this size (bytes) are checked page by page at start (0.1 s); of larger ones the index of traces only."""
FULL = (errno.ENOSPC, errno.EDQUOT)
SMALLEST_ROOM = 64 << 10
"""Free bytes on a disk below which an I/O error means that it is full: the shared memory of a log takes 32 KiB."""


def named_queries(text: str) -> dict[str, str]:
    """The statements of a file in which each follows a line `-- name: …`."""
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: sql.strip() for name, sql in zip(parts[1::2], parts[2::2], strict=True)}


def sql_file(name: str) -> str:
    return resources.files("unspan_collector.store").joinpath(name).read_text("utf-8")


QUERIES = named_queries(sql_file("queries.sql"))


def opened(path: Path) -> sqlite3.Connection:
    """The writing connection to a store that was checked and has just been written to. Raises CannotOpen."""
    try:
        created(path)
        db = connected(path)
    except OSError as error:
        raise CannotOpen(str(path), reason(error), "Make its folder writable, or choose another with --store sqlite:///PATH.") from error
    except sqlite3.Error as error:
        raise translated(path, error) from error
    try:
        checked(path, db)
        db.execute(QUERIES["beat"])
    except sqlite3.Error as error:
        db.close()
        raise translated(path, error) from error
    except CannotOpen:
        db.close()
        raise
    return db


def created(path: Path) -> None:
    """Makes the folder (0700) and the file (0600) where they are missing; those that exist keep their modes."""
    missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    for left in ("-wal", "-shm"):  # a log of a file that was removed would be replayed into the new one
        path.with_name(path.name + left).unlink(missing_ok=True)


def connected(path: Path) -> sqlite3.Connection:
    """A connection that writes; each commit is on disk when it returns. Creates the schema in an empty file. Raises CannotOpen."""
    created(path)
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        recognised(path, db)
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL").fetchall()
        db.execute("PRAGMA synchronous = FULL")
        if empty(db):
            with_schema(db)
        upgraded(db)
    except BaseException:
        db.close()
        raise
    return db


def reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10, isolation_level=None, check_same_thread=False)


def empty(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def with_schema(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    if empty(db):
        for statement in sql_file("schema.sql").split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {SCHEMA}")
    db.execute("COMMIT")


def upgraded(db: sqlite3.Connection) -> None:
    """Brings a file of an older version up to this one."""
    for version, statement in UPGRADES:
        if db.execute("PRAGMA user_version").fetchone()[0] < version:
            db.execute("BEGIN IMMEDIATE")
            db.execute(statement)
            db.execute(f"PRAGMA user_version = {version}")
            db.execute("COMMIT")


def recognised(path: Path, db: sqlite3.Connection) -> None:
    """Raises CannotOpen for a database of another application, before anything in it is touched, or of a newer unspan."""
    if not empty(db) and db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise CannotOpen(str(path), "it is a database of another application", "Choose another with --store sqlite:///PATH.")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        why = f"it was written by a newer unspan (schema {version}, this one knows up to {SCHEMA})"
        raise CannotOpen(str(path), why, "Install that version, or choose another store with --store sqlite:///PATH.")


def checked(path: Path, db: sqlite3.Connection) -> None:
    """Raises CannotOpen for a file with broken pages."""
    whole = path.stat().st_size <= CHECKED_WHOLE
    found = db.execute("PRAGMA quick_check(1)" if whole else "PRAGMA quick_check(trace)").fetchone()[0]
    if found != "ok":
        raise Corrupted(str(path))


def translated(path: Path, error: sqlite3.Error) -> CannotOpen:
    """SQLite's error at start as a sentence."""
    if is_corrupt(error):
        return Corrupted(str(path))
    if is_full(path, error):
        return CannotOpen(str(path), "the disk is full", "Free some space, or choose another disk with --store sqlite:///PATH.")
    return CannotOpen(str(path), str(error), "Check the disk and the file's rights, or choose another with --store sqlite:///PATH.")


def is_corrupt(error: BaseException) -> bool:
    """Whether SQLite met a page that is none."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT"))


def is_full(path: Path, error: Exception) -> bool:
    """Whether `error` came from a full disk; SQLite calls it an I/O error where its shared memory did not fit."""
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_FULL") or getattr(error, "errno", None) in FULL:
        return True
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_IOERR") and disk.f_bavail * disk.f_frsize < SMALLEST_ROOM


def reason(error: OSError) -> str:
    return "the disk is full" if error.errno in FULL else (error.strerror or str(error)).lower()


def identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at `path`, None when none does."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
