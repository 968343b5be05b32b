"""Finds the plugins: those that are installed, by their entry points, and those of the project's own files. The one place where their code is imported."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from unspan_inverter.errors import PluginFailed
from unspan_inverter.plugging import answering_for
from unspan_inverter.plugins import GROUP, VERSION, Plugin
from unspan_inverter.settings import Settings


def plugins(settings: Settings) -> Sequence[Plugin]:
    """The installed ones in the order of their names, then the project's as they are listed. Raises PluginFailed."""
    found: list[Plugin] = []
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        with answering_for(point.name):
            found.append(checked(point.load(), point.name))
    for name in settings.plugins:
        with answering_for(name):
            found.append(checked(of_file(settings.folder / name, name), name))
    return tuple(found)


def of_file(path: Path, name: str) -> Any:
    if not path.is_file():
        raise PluginFailed(name, f"there is no file {path}")
    spec = spec_from_file_location(f"unspan_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise PluginFailed(name, "it is no Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, "plugin", None)


def checked(plugin: Any, name: str) -> Plugin:
    if not isinstance(plugin, Plugin):
        raise PluginFailed(name, f"it has no `plugin` that is an unspan_inverter.plugins.Plugin, but {type(plugin).__name__}")
    if plugin.version != VERSION:
        raise PluginFailed(name, f"it speaks version {plugin.version} of the interface, and this is {VERSION}")
    return plugin
