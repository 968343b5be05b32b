"""Which Python the project runs on. The inverter may live in an environment of its own, so it asks instead of importing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from unspan_inverter.errors import NoRunner, WrongSetting
from unspan_inverter.settings import Settings

PROBE_SECONDS = 30


def python(settings: Settings, folders: tuple[Path, ...], environ: Mapping[str, str]) -> str:
    """The project's Python: the setting, the active virtual environment, one in `folders`, else ours. Raises NoRunner, WrongSetting."""
    if settings.python:
        return configured(settings)
    for candidate in candidates(folders, environ):
        if candidate == sys.executable or has(candidate, "django", environ):
            return candidate
    raise NoRunner(
        "no Python with Django was found", "Activate the project's virtual environment, or name its Python: python = … in [tool.unspan]."
    )


def configured(settings: Settings) -> str:
    assert settings.python
    found = shutil.which(settings.python) if os.sep not in settings.python else str(settings.folder / Path(settings.python).expanduser())
    if not found or not os.access(found, os.X_OK):
        raise WrongSetting("tool.unspan.python", str(settings.folder / "pyproject.toml"), f"is {settings.python!r}, which cannot be run")
    return found


def candidates(folders: tuple[Path, ...], environ: Mapping[str, str]) -> Iterator[str]:
    """Pythons in the order of how surely a person would use them here."""
    first = shutil.which("python", path=environ.get("PATH")) or shutil.which("python3", path=environ.get("PATH"))
    if first and (Path(first).parent.parent / "pyvenv.cfg").exists():
        yield first  # what activation, uv run, tox and poetry put first; a VIRTUAL_ENV left over from elsewhere comes after it
    places = [Path(environ["VIRTUAL_ENV"])] if environ.get("VIRTUAL_ENV") else []
    for place in (*places, *(folder / name for folder in folders for name in (".venv", "venv"))):
        for inside in ("bin/python", "Scripts/python.exe"):
            if os.access(place / inside, os.X_OK):
                yield str(place / inside)
    yield sys.executable


def has(interpreter: str, module: str, environ: Mapping[str, str], folder: Path | None = None) -> bool:
    """Whether a Python finds a top-level module; importing nothing."""
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
    return probed(interpreter, code, (module,), environ, folder).returncode == 0


def place_of(interpreter: str, package: str, environ: Mapping[str, str], folder: Path) -> str:
    """The folders that `import package` searches when run in `folder`, as text."""
    code = "import importlib.util, sys; print(list(importlib.util.find_spec(sys.argv[1]).submodule_search_locations or ()))"
    return probed(interpreter, code, (package,), environ, folder).stdout


def probed(
    interpreter: str, code: str, arguments: tuple[str, ...], environ: Mapping[str, str], folder: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Runs a line of Python in another interpreter; a broken one gives exit code 1."""
    try:
        return subprocess.run(
            [interpreter, "-c", code, *arguments], env=dict(environ), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=PROBE_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return subprocess.CompletedProcess([interpreter], 1, "", str(error))
