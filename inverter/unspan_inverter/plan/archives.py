"""Bodies that are archives: asserted by their members, because the bytes hold the times at which they were packed."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from unspan_inverter.plan.expressions import Assign, Check, Import, Name, Statement, call, method

ZIP: Final = b"PK\x03\x04"
GZIP: Final = b"\x1f\x8b"
ARCHIVE: Final = Name("archive")
TEXTS: Final = (".txt", ".csv", ".json", ".html", ".md")
MOST: Final = 3
"""Members whose content is compared."""
LONGEST: Final = 2000


def members(body: bytes) -> dict[str, str | None] | None:
    """The names in a ZIP archive, each with its text where it is a short one; None where it is no whole archive."""
    if not body.startswith(ZIP):
        return None
    try:
        with ZipFile(BytesIO(body)) as archive:
            return {one.filename: short(archive, one.filename, one.file_size) for one in archive.infolist()}
    except (BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError):  # damaged, of a way unknown here, encrypted
        return None


def short(archive: ZipFile, name: str, size: int) -> str | None:
    if size > LONGEST or not name.endswith(TEXTS):
        return None
    try:
        return archive.read(name).decode()
    except UnicodeDecodeError:
        return None


def asserted(content: Any, found: dict[str, str | None], steady: Callable[[str], Any | None]) -> Iterator[Statement]:
    """`steady` makes of a member's text what the test compares it with, None where it will be another."""
    yield Assign(ARCHIVE, call(Import("zipfile", "ZipFile"), call(Import("io", "BytesIO"), content)))
    yield Check("equal", (method(ARCHIVE, "namelist"), list(found)))
    texts = [(name, steady(text)) for name, text in found.items() if text]
    for name, text in [one for one in texts if one[1] is not None][:MOST]:
        yield Check("equal", (method(method(ARCHIVE, "read", name), "decode"), text))
