"""Programs that the application starts: one record each, with what `communicate` wrote and read. Pipes that are read otherwise are a gap in the trace."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.belonging import place
from unspan_instrumentation.bounds import within
from unspan_instrumentation.contents import content_of
from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.raising import exception
from unspan_instrumentation.recording import Recording, current, now
from unspan_instrumentation.told import is_told, telling

WHAT: Final = "a program that was started"
MOST: Final = 200
"""Programs of one request."""
LINK: Final = "_unspan_program"
"""Name of the attribute of a Popen that holds its record."""
POPEN: Final = ("args", "bufsize", "executable", "stdin", "stdout", "stderr", "preexec_fn", "close_fds", "shell")


class Program:
    """A program from its start until the application knows how it ended, or the request ends."""

    def __init__(self, recording: Recording, command: Any, shell: bool, piped: tuple[str, ...] = ()) -> None:
        self.recording, self.piped = recording, piped
        arguments = plain(command)
        self.name = program_of(arguments, shell)
        self.attributes: dict[str, Any] = {v.PROGRAM: self.name, v.COMMAND_ARGUMENTS: freeze(arguments), v.SHELL: shell, **place()}
        self.popen: Any = None
        self.error: BaseException | None = None
        self.emitted = self.talked = False
        self.parent, self.start, self.end = recording.parent(), now(), 0
        recording.at_end(self.emit)

    def talked_to(self, given: Any, answers: tuple[Any, Any]) -> None:
        """`communicate(given)` returned these."""
        self.talked = True
        for name, data in zip((v.STDIN, v.STDOUT, v.STDERR), (given, *answers), strict=True):
            if type(data) in (str, bytes) and (data or name != v.STDIN):
                self.attributes[name] = content_of(data).value()
        self.ended()

    def ended(self) -> None:
        """The application knows that the program has ended; what it printed may be read yet."""
        self.end = now()
        if self.talked or not self.piped:
            self.emit()

    def failed(self, error: BaseException) -> None:
        """It could not be started."""
        self.error, self.piped = error, ()
        self.emit()

    def emit(self) -> None:
        if self.emitted:
            return
        self.emitted = True
        self.recording.finished(self.emit)
        if self.piped and not self.talked:
            self.recording.lose(f"what went through the pipes of the program {self.name} ({', '.join(self.piped)}) was not recorded")
        found = self.attributes | exception(self.error)
        for name, value in ((v.PROCESS_ID, getattr(self.popen, "pid", None)), (v.EXIT_CODE, getattr(self.popen, "returncode", None))):
            found |= {name: value} if type(value) is int else {}
        failed = self.error is not None
        self.popen = None
        self.recording.emit(
            v.PROCESS, f"process {self.name}", self.start, self.end or now(), found, parent=self.parent, failed=failed, span_kind=3
        )


def plain(command: Any) -> Any:
    """A command as text, or as a list of texts; paths are what the system gets for them."""
    if type(command) in (list, tuple):
        return [plain(part) for part in command]
    if type(command) is bytes:
        return os.fsdecode(command)
    return str(command) if type(command).__module__ in ("pathlib", "pathlib._local") else command


def program_of(command: Any, shell: bool) -> str:
    first = command[0] if type(command) is list and command else command
    if type(first) is not str:
        return ""
    words = first.split() if shell else [first]
    return os.path.basename(words[0])[:200] if words else ""


def recorded() -> Recording | None:
    recording = current()
    if recording is None or recording.closed or is_told() or importing():
        return None
    return recording if within(recording, "programs", MOST) else None


def importing() -> bool:
    """Whether a module is being imported: what it starts, as `ctypes.util` asks the linker, is done once a process and no part of the request."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "exec_module" and frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def init(original: Callable[..., Any], popen: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`subprocess.Popen(args, …)`, through which `run`, `check_output` and asyncio go."""
    recording = recorded()
    if recording is None:
        return original(popen, *args, **kwargs)
    program = quietly(recording, WHAT, of_popen, recording, dict(zip(POPEN, args, strict=False)) | kwargs)
    try:
        with telling():
            result = original(popen, *args, **kwargs)
    except BaseException as error:
        if program is not None:
            quietly(recording, WHAT, program.failed, error)
        raise
    if program is not None:
        program.popen = popen
        popen.__dict__[LINK] = program
    return result


def of_popen(recording: Recording, given: dict[str, Any]) -> Program:
    piped = tuple(name for name in ("stdin", "stdout", "stderr") if type(given.get(name)) is int and given[name] == subprocess.PIPE)
    return Program(recording, given.get("args"), given.get("shell") is True, piped)


def communicate(original: Callable[..., Any], popen: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Popen.communicate(input=None, timeout=None)`."""
    answers = original(popen, *args, **kwargs)
    program: Program | None = popen.__dict__.get(LINK)
    if program is not None:
        quietly(program.recording, WHAT, program.talked_to, args[0] if args else kwargs.get("input"), answers)
    return answers


def wait(original: Callable[..., Any], popen: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    result = original(popen, *args, **kwargs)
    program: Program | None = popen.__dict__.get(LINK)
    if program is not None and result is not None:
        quietly(program.recording, WHAT, program.ended)
    return result


async def communicate_async(original: Callable[..., Any], process: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`asyncio.subprocess.Process.communicate(input=None)`."""
    answers = await original(process, *args, **kwargs)
    popen = process._transport.get_extra_info("subprocess")
    program: Program | None = getattr(popen, "__dict__", {}).get(LINK)
    if program is not None:
        quietly(program.recording, WHAT, program.talked_to, args[0] if args else kwargs.get("input"), answers)
    return answers


class Starting:
    """Stands in for a function of `os` that starts a program. `code`: it returns how that ended. No function: a class may have it as an attribute."""

    def __init__(self, original: Callable[..., Any], of: Callable[..., tuple[Any, bool]], code: bool) -> None:
        self.__dict__.update(
            __name__=original.__name__, __qualname__=original.__name__, __module__="os", __doc__=original.__doc__, __wrapped__=original
        )
        self._original, self._of, self._code = original, of, code

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        asking = current()
        recording = None if asking is None else quietly(asking, WHAT, recorded)
        if recording is None:
            return self._original(*args, **kwargs)
        program = quietly(recording, WHAT, lambda: Program(recording, *self._of(*args, **kwargs)))
        try:
            result = self._original(*args, **kwargs)
        except BaseException as error:
            if program is not None:
                quietly(recording, WHAT, program.failed, error)
            raise
        if program is not None:
            quietly(recording, WHAT, self._returned, program, result)
        return result

    def _returned(self, program: Program, result: int) -> None:
        program.attributes[v.EXIT_CODE if self._code else v.PROCESS_ID] = os.waitstatus_to_exitcode(result) if self._code else result
        program.ended()

    def __repr__(self) -> str:
        return repr(self._original)

    def __reduce__(self) -> str:
        return str(self.__dict__["__name__"])


def patch(module: Any) -> None:
    """For `subprocess`."""
    for name, wrapper in (("__init__", init), ("communicate", communicate), ("wait", wait), ("poll", wait)):
        around(module.Popen, name, wrapper)


def patch_asyncio(module: Any) -> None:
    """For `asyncio.subprocess`."""
    around(module.Process, "communicate", communicate_async)


def patch_os(module: Any) -> None:
    """For `os`."""
    for name, of, code in (
        ("system", lambda command: (command, True), True),
        ("posix_spawn", lambda path, argv, *rest, **more: (argv, False), False),
        ("posix_spawnp", lambda path, argv, *rest, **more: (argv, False), False),
    ):
        original = getattr(module, name, None)
        if original is not None and not isinstance(original, Starting):
            setattr(module, name, Starting(original, of, code))


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (
    ("os", patch_os),
    ("subprocess", patch),
    ("asyncio.subprocess", patch_asyncio),
)
"""Module and what to do with it once it is imported."""
