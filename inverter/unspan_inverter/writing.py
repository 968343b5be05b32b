"""Puts generated files where they belong: whole or not at all, and never over data that a person put there."""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from unspan_inverter.errors import NotWritten


def existing(path: Path) -> str:
    """The text of a file, empty where there is none. Raises NotWritten."""
    if not path.parent.is_dir():
        raise NotWritten(str(path), f"there is no folder {path.parent}", "Make it, or choose another place with -o.")
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise NotWritten(str(path), "the file there is not UTF-8", "Choose another name with -o.") from None
    except OSError as error:
        raise NotWritten(str(path), error.strerror or "it cannot be read", "Choose another place with -o.") from None


def written(path: Path, source: str, files: Mapping[str, bytes], *, force: bool = False) -> list[Path]:
    """Writes a test and the data files beside it; returns the paths. Raises NotWritten and changes nothing when something is in the way."""
    beside = {inside(path.parent, name): data for name, data in files.items()}
    for place, data in beside.items():
        if not force and place.exists() and place.read_bytes() != data:
            raise NotWritten(
                str(place), "another file is there, which this test's data would replace", "Move it, or write over it with --force."
            )
    for place, data in (*beside.items(), (path, source.encode())):
        replaced(place, data)
    return [path, *beside]


def inside(folder: Path, name: str) -> Path:
    """The path of a data file, which must stay below its folder."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or "\0" in name or "\\" in name:
        raise NotWritten(
            repr(name), "a data file must lie beside its test", "Record the request again: its trace names an impossible file."
        )
    return folder / relative


def replaced(path: Path, data: bytes) -> None:
    """Writes a file in one step: readers see the old content or the new. Keeps the mode of a file that is there."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask()
        target = path.resolve()  # a link stays a link
        descriptor, temporary = tempfile.mkstemp(prefix=".unspan-", dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise NotWritten(str(path), (error.strerror or type(error).__name__).lower(), "Choose another place with -o.") from None


def mask() -> int:
    """The process's umask, which can only be read by setting it."""
    found = os.umask(0o022)
    os.umask(found)
    return found
