"""Where traces are kept: the contract (`contract.py`) and one file for each backend, found by the scheme of its URL."""

from collections.abc import Callable
from pathlib import Path

from unspan_collector.errors import WrongSetting
from unspan_collector.store.contract import Store
from unspan_collector.store.sqlite import SqliteStore

BACKENDS: dict[str, Callable[[Path], Store]] = {"sqlite:///": SqliteStore}
"""The beginning of a store's URL, and what opens the rest of it."""


def checked(url: str) -> str:
    """`url` when some backend takes it. Raises ValueError with the reason."""
    if not any(url.startswith(scheme) and len(url) > len(scheme) for scheme in BACKENDS):
        raise ValueError("it must be sqlite:///PATH (four slashes before an absolute path)")
    return url


def opened(url: str) -> Store:
    """The store at `url`. Raises CannotOpen."""
    for scheme, backend in BACKENDS.items():
        if url.startswith(scheme):
            return backend(Path(url.removeprefix(scheme)).expanduser().absolute())
    raise WrongSetting("store", url, "no backend has this scheme")
