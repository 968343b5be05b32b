"""What no file of the repository may hold, and what the lock files must."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .sources import CHECKOUT

LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
LEFT_OUT = {".git", "__pycache__", "node_modules", "dist", "build"}
TEXT = {
    ".py",
    ".pyi",
    ".md",
    ".toml",
    ".txt",
    ".in",
    ".sh",
    ".proto",
    ".html",
    ".css",
    ".json",
    ".sql",
    ".yml",
    ".yaml",
    ".cfg",
    ".jinja",
    ".j2",
    "",
}


def files() -> Iterator[Path]:
    """The repository's own text files; caches, environments and what the demo makes are not."""
    todo = [CHECKOUT]
    while todo:
        for path in sorted(todo.pop().iterdir()):
            if path.name in LEFT_OUT or (path.parent == CHECKOUT and path.name.startswith(".") and path.name not in (".ci", ".gitignore")):
                continue
            if path.is_dir():
                todo.append(path)
            elif path.suffix in TEXT:
                yield path


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_versions_only(lock: Path) -> None:
    """No addresses: which index is asked is the machine's own business."""
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
    assert [
        line
        for line in lines
        if not re.fullmatch(
            r"[a-z0-9.-]+(\[[a-z,]+\])?==[A-Za-z0-9.!+]+( ; [a-z_]+ [<>=!]+ '[^']+'( (and|or) [a-z_]+ [<>=!]+ '[^']+')*)?", line
        )
    ] == []
    assert lines


def test_the_lock_files_agree() -> None:
    product, test, check = (
        set((CHECKOUT / "requirements" / f"{name}.txt").read_text().splitlines()) for name in ("product", "test", "check")
    )
    assert product - test == set()
    assert test - check == set()


def test_no_file_names_a_place_of_one_machine() -> None:
    places = re.compile("|".join(re.escape(f"{place}/") for place in (CHECKOUT, Path.home())))
    found = [f"{path.relative_to(CHECKOUT)}: {hit[0]}" for path in files() if (hit := places.search(path.read_text(errors="replace")))]
    assert found == []
