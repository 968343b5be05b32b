"""A test as its project wants it: the settings, the sources and the plugins of the project joined to its recordings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unspan_proto.project import Project

from unspan_inverter.annotating import annotates
from unspan_inverter.conventions import conventions, look
from unspan_inverter.errors import NoRunner
from unspan_inverter.generate import Generated, generated
from unspan_inverter.plugin_loading import plugins
from unspan_inverter.runners import home
from unspan_inverter.settings import Settings
from unspan_inverter.trace import Trace


def customised(
    recordings: Sequence[Trace],
    settings: Settings,
    here: Path,
    *,
    style: str,
    level: str = "integration",
    allow_gaps: bool = False,
    decoys: bool = True,
    function: str = "*",
    journeys: Sequence[Sequence[str]] = (),
    files: bool = False,
) -> Generated:
    """`generated`, for a person who stands in `here`. `files`: long values may be put into files beside the test. Raises an InverterError."""
    place = root(recordings[0].project, settings, here)
    habits = conventions(settings, place, style, recordings[0].project)
    return generated(
        recordings,
        style=style,
        level=level,
        allow_gaps=allow_gaps,
        decoys=decoys,
        habits=habits,
        look=replace(look(settings), annotated=annotates(place)),
        plugins=plugins(settings),
        function=function,
        journeys=journeys,
        over=settings.data_over if files else 0,
        lines=settings.test_lines if files else 0,
    )


def root(project: Project, settings: Settings, here: Path) -> Path:
    """The folder that the project's modules are imported from: where the person stands, else the recorded one where it is on this machine."""
    try:
        near = home(settings, here)
    except NoRunner:  # several projects are below
        near = here
    return next((folder for folder in (near, Path(project.root)) if holds(folder, project.settings_module)), near)


def holds(folder: Path, module: str) -> bool:
    """Whether a module is below a folder."""
    place = folder.joinpath(*module.split("."))
    return folder.is_absolute() and (place.with_suffix(".py").is_file() or (place / "__init__.py").is_file())
