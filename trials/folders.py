"""What an application has on disk: files that a request wrote, rows of its SQLite databases, and its state before the trial, to be put back."""

import contextlib
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = {"venv", "__pycache__", "node_modules", ".git"}
SIDE_FILES = (".seed", "-wal", "-shm", "-journal", ".pyc")
SQLITE = b"SQLite format 3\0"
Stamps = dict[Path, tuple[int, int]]


def files(home: Path) -> Iterator[Path]:
    """The application's own files, its virtual environment left out."""
    todo = [home]
    while todo:
        for path in sorted(todo.pop().iterdir()):
            if path.is_symlink() or path.name in LEFT_OUT or path.name.startswith(".unspan"):
                continue
            if path.is_dir():
                todo.append(path)
            elif path.is_file() and not path.name.endswith(SIDE_FILES):
                yield path


def stamps(home: Path) -> Stamps:
    return {path: ((found := path.stat()).st_size, found.st_mtime_ns) for path in files(home)}


def is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def written(before: Stamps, home: Path) -> list[str]:
    """`path hash` of each file that is new or was written since, `path removed` of each that has gone; databases left out."""
    after = stamps(home)
    changed = [path for path, stamp in after.items() if before.get(path) != stamp and not is_database(path)]
    found = [f"{path.relative_to(home)} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}" for path in changed]
    return sorted(found + [f"{path.relative_to(home)} removed" for path in before.keys() - after.keys()])


def rows(home: Path) -> list[str]:
    """Every row of every SQLite database there, one a line."""
    return [f"{path.name} {row}".replace("\n", "\\n") for path in files(home) if is_database(path) for row in dumped(path)]


def dumped(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return [f"{table} {row!r}" for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]


class State:
    """A copy of the application's files; `restore` makes them so again, and removes what has come."""

    def __init__(self, home: Path, copies: Path) -> None:
        self.home, self.copies = home, copies
        self.stamps = stamps(home)
        for path in self.stamps:
            copy = copies / path.relative_to(home)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)

    def restore(self) -> None:
        now = stamps(self.home)
        for path in now.keys() - self.stamps.keys():
            path.unlink()
        for path, stamp in self.stamps.items():
            if now.get(path) != stamp:
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.copies / path.relative_to(self.home), path)
