"""Django's file storages: one record an operation, at the outermost method of the storage's own class; of files, what the application wrote or read.

No file is read for it: what passes through Django's `File` is noted as it passes. A file that moves without being read (an upload on disk) has
no content in the record.
"""

from collections.abc import Callable
from contextvars import ContextVar
from types import FunctionType
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

from unspan_instrumentation.bounds import within
from unspan_instrumentation.contents import Content
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now

WHAT: Final = "an operation on a file storage"
MOST: Final = 1_000
"""Operations of one request."""
ASKED: Final = ("delete", "exists", "listdir", "size", "url", "path", "get_accessed_time", "get_created_time", "get_modified_time")
LINK: Final = "_unspan_content"
"""Name of the attribute of a File that holds what passes through it."""
inside: ContextVar[bool] = ContextVar("unspan_inside_storage", default=False)


class Opened:
    """A file that the application has open: a record when it is closed, or the request ends."""

    def __init__(self, recording: Recording, storage: Any, name: Any, mode: str, start: int) -> None:
        self.recording, self.content, self.start = recording, Content(), start
        self.writes = any(letter in mode for letter in "wax+")
        self.ended = False
        self.attributes = described(storage, "write" if self.writes else "read", name)
        self.content.holes = "+" in mode
        self.emitted = False
        self.parent = recording.parent()
        recording.at_end(self.emit)

    def passed(self, data: Any, ended: bool) -> None:
        self.ended = self.ended or ended
        self.content.add(data)

    def emit(self) -> None:
        if self.emitted:
            return
        self.emitted = True
        self.recording.finished(self.emit)
        found = self.attributes | held(self.content, whole=self.writes or self.ended)
        operation = found[v.STORAGE_OPERATION]
        self.recording.emit(v.STORAGE, f"storage {operation}", self.start, now(), found, parent=self.parent, span_kind=3)


class Saved:
    """The content of a `save` under way."""

    def __init__(self) -> None:
        self.content, self.ended = Content(), False

    def passed(self, data: Any, ended: bool) -> None:
        self.ended = self.ended or ended
        self.content.add(data)


def held(content: Content, whole: bool) -> dict[str, Any]:
    found: dict[str, Any] = {v.STORAGE_CONTENT: content.value(whole)}
    if whole and not content.holes:
        found[v.STORAGE_SIZE] = content.size
        digest = content.sha256()
        found |= {v.STORAGE_SHA256: digest} if digest else {}
    return found


def described(storage: Any, operation: str, name: Any) -> dict[str, Any]:
    found: dict[str, Any] = {v.STORAGE_OPERATION: operation, v.STORAGE_CLASS: type_name(type(storage))}
    frozen = freeze(name)
    frozen = getattr(frozen, "value", frozen)  # a subclass of str
    return found | ({v.STORAGE_NAME: frozen} if type(frozen) is str else {})


def recorded() -> Recording | None:
    recording = current()
    return None if recording is None or recording.closed or inside.get() else recording


def operation(name: str) -> Callable[..., Any]:
    """The wrapper of a method that asks or does something about a file by its name."""

    def wrapper(original: Callable[..., Any], storage: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        recording = recorded()
        if recording is None or (name in ("url", "path") and is_static(storage)):
            return original(storage, *args, **kwargs)
        asked = args[0] if args else kwargs.get("name", kwargs.get("path"))
        return followed(recording, lambda: original(storage, *args, **kwargs), lambda: described(storage, name, asked))

    return wrapper


def followed(recording: Recording, act: Callable[[], Any], describe: Callable[[], dict[str, Any]]) -> Any:
    """What `act`, an operation on a storage, returns or raises; recorded as `describe` says once it has ended."""
    start, token = now(), inside.set(True)
    result, error = None, None
    try:
        result = act()
        return result
    except BaseException as raised:
        error = raised
        raise
    finally:
        inside.reset(token)
        quietly(recording, WHAT, noted, recording, describe, result, error, start)


def noted(recording: Recording, describe: Callable[[], dict[str, Any]], result: Any, error: BaseException | None, start: int) -> None:
    if within(recording, "operations on file storages", MOST):
        found = describe()
        if error is None and found[v.STORAGE_OPERATION] != "delete":
            found[v.STORAGE_RESULT] = freeze(result)
        name = f"storage {found[v.STORAGE_OPERATION]}"
        recording.emit(v.STORAGE, name, start, now(), found | exception(error), failed=error is not None, span_kind=3)


def is_static(storage: Any) -> bool:
    """Whether it names the application's static files, which are no data of the request."""
    return any(base.__module__ == "django.contrib.staticfiles.storage" for base in type(storage).__mro__)


def save(original: Callable[..., Any], storage: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Storage.save(name, content, max_length=None)`."""
    recording = recorded()
    if recording is None:
        return original(storage, *args, **kwargs)
    given = dict(zip(("name", "content"), args, strict=False)) | kwargs
    saved, file = Saved(), given.get("content")
    args, kwargs, linked = quietly(recording, WHAT, linking, file, saved, args, kwargs) or (args, kwargs, None)

    def describe() -> dict[str, Any]:
        return written(storage, given.get("name") or getattr(linked, "__dict__", {}).get("name"), saved)

    try:
        return followed(recording, lambda: original(storage, *args, **kwargs), describe)
    finally:
        if linked is not None:
            linked.__dict__.pop(LINK, None)


def linking(file: Any, saved: Saved, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments for `save`, with a File whose reading is noted: Django would make one of another file itself."""
    from django.core.files.base import File  # in the user's process Django is there by now

    if not issubclass(type(file), File):
        if any("chunks" in base.__dict__ for base in type(file).__mro__):
            return args, kwargs, None
        file = File(file, args[0] if args else kwargs.get("name"))
        args, kwargs = ((args[0], file, *args[2:]), kwargs) if len(args) > 1 else (args, {**kwargs, "content": file})
    file.__dict__[LINK] = saved
    return args, kwargs, file


def written(storage: Any, name: Any, saved: Saved) -> dict[str, Any]:
    return described(storage, "save", name) | held(saved.content, whole=saved.ended)


def opening(original: Callable[..., Any], storage: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Storage.open(name, mode="rb")`."""
    recording = recorded()
    if recording is None:
        return original(storage, *args, **kwargs)
    given = dict(zip(("name", "mode"), args, strict=False)) | kwargs
    start, token = now(), inside.set(True)
    try:
        file = original(storage, *args, **kwargs)
    except BaseException as error:
        quietly(recording, WHAT, noted, recording, lambda: described(storage, "read", given.get("name")), None, error, start)
        raise
    finally:
        inside.reset(token)
    quietly(recording, WHAT, opened, recording, storage, given, file, start)
    return file


def opened(recording: Recording, storage: Any, given: dict[str, Any], file: Any, start: int) -> None:
    if not within(recording, "operations on file storages", MOST):
        return
    if type(file).__dictoffset__ == 0:
        recording.lose(f"a file of {type_name(type(storage))} was opened whose reading cannot be seen ({type_name(type(file))})")
        return
    one = Opened(recording, storage, given.get("name"), str(given.get("mode", "rb")), start)
    file.__dict__[LINK] = one
    for name in PASSING:  # a class of the storage's own may have other methods than Django's File
        method = getattr(type(file), name, None)
        if method is not None and not isinstance(method, property) and not getattr(method, "__unspan__", False):
            file.__dict__[name] = PASSING[name](getattr(file, name), one)
    own = file.close

    def close() -> Any:
        quietly(recording, WHAT, one.emit)
        return own()

    file.__dict__["close"] = close


def reading(method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    def read(*args: Any) -> Any:
        data = method(*args)
        quietly_passed(link, data, not data if args and args[0] not in (None, -1) else True)
        return data

    return read


def reading_line(method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    def readline(*args: Any) -> Any:
        data = method(*args)
        quietly_passed(link, data, not data)
        return data

    return readline


def reading_lines(method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    def readlines(*args: Any) -> Any:
        lines = method(*args)
        quietly_passed(link, type(lines[0])().join(lines) if lines else b"", not args)
        return lines

    return readlines


def filling(method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    def readinto(buffer: Any) -> Any:
        size = method(buffer)
        quietly_passed(link, memoryview(buffer).cast("B")[: size or 0], not size)
        return size

    return readinto


def writing(method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    def write(data: Any) -> Any:
        if type(link) is Opened and link.writes:
            quietly_passed(link, data, False)
        return method(data)

    return write


def seeking(method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    def seek(*args: Any) -> Any:
        position = method(*args)
        try:
            link.content.moved(position)
        except Exception:
            link.content.holes = True
        return position

    return seek


def unseen(method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    """The file changes, or is read, in a way that is not followed."""

    def elsewhere(*args: Any) -> Any:
        link.content.holes = True
        return method(*args)

    return elsewhere


def quietly_passed(link: Opened | Saved, data: Any, ended: bool) -> None:
    try:
        link.passed(data, ended)
    except Exception:  # an object that is neither text nor bytes
        link.content.holes = True


PASSING: Final[dict[str, Callable[[Callable[..., Any], Any], Callable[..., Any]]]] = {
    "read": reading, "readline": reading_line, "readlines": reading_lines, "readinto": filling, "write": writing, "writelines": unseen,
    "truncate": unseen, "seek": seeking,
}  # fmt: skip
"""Methods of a file through which its content passes, and what notes that."""


def noting(name: str, before: property) -> property:
    """In the place of `FileProxyMixin.<name>`."""
    find = before.fget
    assert find is not None

    def found(file: Any) -> Any:
        method = find(file)
        link = file.__dict__.get(LINK)
        return method if link is None else followable(name, method, link)

    found.__unspan__ = True  # type: ignore[attr-defined]
    return property(found)


def followable(name: str, method: Callable[..., Any], link: Opened | Saved) -> Callable[..., Any]:
    try:
        return PASSING[name](method, link)
    except Exception:
        link.content.holes = True
        return method


def patch_files(module: Any) -> None:
    """For `django.core.files.utils`."""
    mixin = module.FileProxyMixin
    for name in PASSING:
        before = mixin.__dict__.get(name)
        if isinstance(before, property) and not getattr(before.fget, "__unspan__", False):
            setattr(mixin, name, noting(name, before))


def patch(module: Any) -> None:
    """For `django.core.files.storage.base`: the class itself, and every one derived from it, when it is made."""
    base = module.Storage
    inherited = base.__dict__.get("__init_subclass__")
    if getattr(getattr(inherited, "__func__", None), "__unspan__", False):
        return

    def init_subclass(cls: Any, **options: Any) -> None:
        (super(base, cls).__init_subclass__ if inherited is None else inherited.__get__(None, cls))(**options)
        watch(cls)

    init_subclass.__unspan__ = True  # type: ignore[attr-defined]
    base.__init_subclass__ = classmethod(init_subclass)
    for storage in (base, *descendants(base)):
        watch(storage)


def descendants(base: Any) -> list[Any]:
    return [one for derived in type.__subclasses__(base) for one in (derived, *descendants(derived))]


def watch(storage: Any) -> None:
    """The methods that a storage's class itself defines."""
    wrappers = {"save": save, "open": opening} | {name: operation(name) for name in ASKED}
    for name, wrapper in wrappers.items():
        if type(storage.__dict__.get(name)) is FunctionType:
            around(storage, name, wrapper)


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("django.core.files.utils", patch_files),
    ("django.core.files.storage.base", patch),
)
"""Module and what to do with it once it is imported."""
