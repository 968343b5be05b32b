"""What can be read of a project's files without running any of them: its settings module, its modules."""

import ast
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

SKIPPED = {"node_modules", "site-packages", "__pycache__", "build", "dist"}
"""Folders that hold no code of the project."""


def in_manage(manage: Path) -> str | None:
    """The settings module that a manage.py sets, read without running it."""
    try:
        parsed = ast.parse(manage.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    for node in ast.walk(parsed):
        values = node.args if isinstance(node, ast.Call) else [node.targets[0], node.value] if isinstance(node, ast.Assign) else []
        values = [value.slice if isinstance(value, ast.Subscript) else value for value in values]
        texts = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
        if len(texts) == 2 and texts[0] == "DJANGO_SETTINGS_MODULE":
            return texts[1]
    return None


def fits(name: str, some: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, one) or fnmatchcase(f"{name}.", one) for one in some)


def modules(root: Path) -> Iterator[str]:
    """Dotted names of the Python files below a folder, without environments and hidden folders."""
    for folder, below, files in os.walk(root):
        below[:] = sorted(
            one for one in below if one.isidentifier() and one not in SKIPPED and not (Path(folder, one, "pyvenv.cfg")).exists()
        )
        for file in sorted(files):
            if file.endswith(".py") and file != "manage.py":
                parts = (*Path(folder).relative_to(root).parts, *([] if file == "__init__.py" else [file[:-3]]))
                if parts:
                    yield ".".join(parts)
