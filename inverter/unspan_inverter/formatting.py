"""Lays out a file as the project's own formatter would: ruff with the project's configuration, or with the line length that its other tools are given."""

import configparser
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unspan_inverter.code.layout import ruffed, sorting

FLAKE8 = ("setup.cfg", ".flake8", "tox.ini")
RUFF = ("ruff.toml", ".ruff.toml")
SORT = ("check", "--select", "I", "--fix-only")


def styled(text: str, path: Path) -> str:
    """The text as it would stand at this path; as it is where the project says nothing of formatting."""
    folder = deciding(path)
    if folder is None:
        return text
    return ruffed(text, SORT, ("format",), at=path) if has_ruff(folder) else ruffed(text, ("format",), width=next(lengths(folder)))


def with_sorted_imports(text: str, path: Path, own: Sequence[str]) -> str:
    """The text with its imports in the order of the project; `own`: its packages, where the project does not say."""
    folder = deciding(path)
    return ruffed(text, SORT, at=path) if folder and has_ruff(folder) else ruffed(text, sorting(own))


def deciding(path: Path) -> Path | None:
    """The nearest folder above a file whose files say how to format; within its repository."""
    for folder in path.absolute().parents:
        if has_ruff(folder) or next(lengths(folder), None):
            return folder
        if (folder / ".git").exists():
            break
    return None


def has_ruff(folder: Path) -> bool:
    return any((folder / name).is_file() for name in RUFF) or "ruff" in tools(folder)


def lengths(folder: Path) -> Iterator[int]:
    """Line lengths that this folder's files name."""
    for tool, key in (("black", "line-length"), ("isort", "line_length")):
        found = tools(folder).get(tool, {}).get(key)
        if isinstance(found, int) and 0 < found <= 320:
            yield found
    for name in FLAKE8:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(folder / name, encoding="utf-8")
            found = parser.getint("flake8", "max-line-length", fallback=0)
        except (configparser.Error, ValueError, UnicodeDecodeError):  # another tool's broken file is not ours to complain about
            continue
        if 0 < found <= 320:
            yield found


def tools(folder: Path) -> Mapping[str, Any]:
    """The tables of `[tool]` in a folder's pyproject.toml."""
    try:
        found = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError):
        return {}
    return {name: table for name, table in found.items() if isinstance(table, dict)} if isinstance(found, dict) else {}
