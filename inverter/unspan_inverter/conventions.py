"""The project's conventions: its settings of `[tool.unspan]` and what its sources say, as the values that a plan and a layout take. Nothing of it is run."""

import ast
from collections.abc import Iterator
from pathlib import Path

from unspan_proto.project import Project

from unspan_inverter.code import PLAIN, Look
from unspan_inverter.errors import WrongSetting
from unspan_inverter.factory_sources import Module, factories, parsed
from unspan_inverter.plan.expressions import Import
from unspan_inverter.plan.habits import OPT_IN, Habits
from unspan_inverter.plan.services.libraries import LIBRARIES
from unspan_inverter.settings import ASSERTIONS, Settings

MOCKING = tuple(one.name for one in LIBRARIES)
"""Libraries of HTTP mocking that a base class may switch on, by calling their `start` or by their decorator `activate`."""


def conventions(settings: Settings, root: Path, style: str, project: Project) -> Habits:
    """What the tests of this project look like. `root`: the folder that its modules are imported from. Raises WrongSetting."""
    base, mocking = None, ""
    if settings.base_class and style == "django":
        base, mocking = based(settings, root)
    return Habits(
        base=base, mocking=mocking, style=style, factories=factories(root, settings.factories, project),
        unasserted=frozenset(kind for kind in ASSERTIONS if not settings.assertions.get(kind, kind not in OPT_IN)),
        ignored_headers=frozenset(name.lower() for name in settings.ignore_headers), ignored_fields=settings.ignore_fields,
    )  # fmt: skip


def look(settings: Settings) -> Look:
    """The project's own layout. Raises WrongSetting."""
    if not settings.template:
        return PLAIN
    try:
        return Look(template=(settings.folder / settings.template).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or "cannot be read").lower() if isinstance(error, OSError) else "it is no text in UTF-8"
        raise WrongSetting("tool.unspan.template", str(settings.folder / "pyproject.toml"), f"is {settings.template!r}: {why}") from None


def based(settings: Settings, root: Path) -> tuple[Import, str]:
    """The base class, and the HTTP mocking that it switches on. A class of a library is taken as it is named."""
    module, _, name = settings.base_class.rpartition(".")
    source = read(root, module)
    if source is None:
        if root.joinpath(module.partition(".")[0]).is_dir():
            raise wrong(settings, f"there is no module {module} below {root}")
    elif name not in source.classes and name not in source.names:
        raise wrong(settings, f"{module} has no class {name}")
    return Import(module, name), next((one for one in switched_on(source, name, root) if one in MOCKING), "")


def wrong(settings: Settings, why: str) -> WrongSetting:
    return WrongSetting("tool.unspan.base-class", str(settings.folder / "pyproject.toml"), f"is {settings.base_class!r}, but {why}")


def read(root: Path, module: str) -> Module | None:
    """A module of the project's."""
    stem = root.joinpath(*module.split("."))
    path = next((one for one in (stem.with_suffix(".py"), stem / "__init__.py") if one.is_file()), None)
    try:
        return parsed(module, path.read_bytes()) if path is not None else None
    except OSError:
        return None


def switched_on(source: Module | None, name: str, root: Path, depth: int = 5) -> Iterator[str]:
    """The libraries that a class, or one above it, switches on."""
    cls = source.classes.get(name) if source is not None else None
    if source is None or depth == 0:
        return
    if cls is None:
        module, _, other = source.names.get(name, "").rpartition(".")
        yield from switched_on(read(root, module) if module else None, other, root, depth - 1)
        return
    for node in ast.walk(cls):
        if isinstance(node, ast.Attribute) and node.attr in ("start", "activate"):
            yield source.dotted(node.value)
    for base in cls.bases:
        module, _, other = source.dotted(base).rpartition(".")
        yield from switched_on(source if module == source.name else read(root, module) if module else None, other, root, depth - 1)
