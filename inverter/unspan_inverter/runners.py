"""How the project itself runs one test file: `manage.py test`, pytest, or the command of its settings. Nothing is run here."""

import configparser
import glob
import keyword
import os
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unspan_inverter import interpreters
from unspan_inverter.errors import NoRunner, WrongSetting
from unspan_inverter.settings import Settings

REMEDY = 'Say how tests are run: test-command = "… {file}" in [tool.unspan] of pyproject.toml; or write it unchecked with --no-check.'


@dataclass(frozen=True, slots=True)
class Run:
    """A command that runs one test file, where, with which variables beside the usual, and whose output it is: `django`, `pytest`, `other`."""

    words: tuple[str, ...]
    folder: Path
    kind: str
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        return shlex.join([*(f"{name}={value}" for name, value in self.environ.items()), *self.words])


def runner(file: Path, style: str, settings: Settings, here: Path, environ: Mapping[str, str]) -> Run:
    """The command for `file`, for a person who stands in `here`. Raises NoRunner, WrongSetting."""
    manage = manage_py(file.parent, here)
    if settings.test_command:
        return commanded(file, settings, manage)
    folders = tuple(dict.fromkeys(([manage.parent] if manage else []) + [settings.folder, here]))
    python = interpreters.python(settings, folders, environ)
    if style == "django" and manage:
        return django(file, manage, python, environ)
    if style == "django" and not interpreters.has(python, "pytest_django", environ, here):
        raise NoRunner(f"no manage.py was found at or above {file.parent} or {here}", REMEDY)
    return Run((python, "-m", "pytest", str(file)), pytest_folder(file, manage, here), "pytest")


def django(file: Path, manage: Path, python: str, environ: Mapping[str, str]) -> Run:
    """`manage.py test` with the file's dotted name where it has one, else with its folder and name."""
    start = (python, manage.name, "test", "--noinput")
    label = dotted(file, manage.parent)
    if label and reached(file, manage.parent, python, environ):
        return Run((*start, label), manage.parent, "django")
    return Run((*start, "--pattern", glob.escape(file.name), str(file.parent)), manage.parent, "django")


def commanded(file: Path, settings: Settings, manage: Path | None) -> Run:
    """The project's own command, run where its pyproject.toml is. Leading `NAME=value` words are variables."""
    assert settings.test_command
    where = str(settings.folder / "pyproject.toml")
    label = dotted(file, manage.parent if manage else settings.folder) or ""
    if "{label}" in settings.test_command and not label:
        raise NoRunner(
            f"{file} has no dotted name that {{label}} of test-command could stand for", "Write it below the project, or use {file}."
        )
    try:
        words = shlex.split(settings.test_command)
    except ValueError as error:
        raise WrongSetting("tool.unspan.test-command", where, f"is no command ({error})") from None
    if not any(mark in word for word in words for mark in ("{file}", "{label}")):
        raise WrongSetting("tool.unspan.test-command", where, "must contain {file} or {label}, which stand for the test")
    words = [word.replace("{file}", str(file)).replace("{label}", label) for word in words]
    variables: dict[str, str] = {}
    while words and words[0].partition("=")[0].isidentifier() and "=" in words[0]:
        name, _, variables[name] = words.pop(0).partition("=")
    return Run(tuple(words), settings.folder, "other", variables)


def manage_py(folder: Path, here: Path) -> Path | None:
    """The manage.py of the project: above the file, above the current folder, else in a folder right below it. Raises NoRunner for several."""
    for start in (folder, here):
        for above in upward(start):
            if (above / "manage.py").is_file():
                return above / "manage.py"
    below = sorted(one for one in here.glob("*/manage.py") if one.is_file())
    if len(below) > 1:
        listed = ", ".join(str(one.relative_to(here)) for one in below[:4])
        raise NoRunner(f"several projects are below {here}: {listed}", "Run inverter in the folder of the one that the test is for.")
    return below[0] if below else None


def upward(folder: Path) -> Iterator[Path]:
    """A folder and those above it, to the root of its repository."""
    for above in (folder, *folder.parents):
        yield above
        if (above / ".git").exists():
            return


def dotted(file: Path, root: Path) -> str | None:
    """The name under which a file can be imported with `root` on the path; None where a part of it is no identifier."""
    if not file.is_relative_to(root):
        return None
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts) if all(part.isidentifier() and not keyword.iskeyword(part) for part in parts) else None


def reached(file: Path, root: Path, python: str, environ: Mapping[str, str]) -> bool:
    """Whether the first folder of the dotted name is the one that gets imported: a folder without `__init__.py` yields to any package of its name."""
    first = file.relative_to(root).parts[0]
    if first == file.name or (root / first / "__init__.py").exists():
        return True
    return str(root / first) in interpreters.place_of(python, first, environ, root)


def pytest_folder(file: Path, manage: Path | None, here: Path) -> Path:
    """Where a person would call pytest: in the current folder when the file is below it, else where pytest is configured."""
    if file.is_relative_to(here):
        return here
    configured = next((above for above in upward(file.parent) if has_pytest_settings(above)), None)
    return configured or (manage.parent if manage else file.parent)


def has_pytest_settings(folder: Path) -> bool:
    """Whether pytest takes its settings from this folder."""
    if any((folder / name).is_file() for name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")):
        return True
    return in_pyproject(folder / "pyproject.toml") or in_ini(folder / "tox.ini", "pytest") or in_ini(folder / "setup.cfg", "tool:pytest")


def in_pyproject(file: Path) -> bool:
    try:
        return "pytest" in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError, AttributeError):
        return False


def in_ini(file: Path, section: str) -> bool:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        return bool(parser.read(file, encoding="utf-8")) and parser.has_section(section)
    except (configparser.Error, OSError, ValueError):
        return False


def home(settings: Settings, here: Path) -> Path:
    """The folder where a test that is not kept can be run: beside manage.py, else the current one."""
    manage = manage_py(here, here)
    return manage.parent if manage else here


def absolute(path: Path) -> Path:
    """A path from the root, links kept: a project reached through a link is imported through it."""
    return Path(os.path.abspath(path))
