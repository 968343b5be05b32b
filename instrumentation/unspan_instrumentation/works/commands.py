"""Management commands: one unit of work each, unless they serve, or run inside of another unit of work (`call_command` in a request, in a test)."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.works.units import COMMAND, SCRIPT, Work, Works, apart, outside

ENDLESS: Final = frozenset(f"django.core.management.commands.{name}" for name in ("runserver", "testserver", "shell", "dbshell", "test"))
"""Commands of Django's that serve, wait for a person, or run units of work; also where a library builds its own upon them."""
PLUMBING: Final = frozenset({"stdout", "stderr"})
OUTPUT_BYTES: Final = 64 << 10
"""Characters of what a command writes to each of its outputs that are kept."""
parsed: ContextVar[tuple[Any, Any] | None] = ContextVar("unspan_parsed_command", default=None)
"""The command that has made a parser last, and that."""


class Commands:
    def __init__(self, works: Works) -> None:
        self.works = works

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        yield "django.core.management.base", self.watch

    def watch(self, module: Any) -> None:
        around(module.BaseCommand, "create_parser", create_parser)
        around(module.BaseCommand, "execute", self.execute)
        around(module.OutputWrapper, "write", write)

    def execute(self, original: Callable[..., Any], command: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`BaseCommand.execute(*args, **options)`: what the command line and `call_command` have in common."""
        kind: Any = type(command)
        if any(base.__module__ in ENDLESS for base in kind.__mro__):
            with outside():
                return original(command, *args, **kwargs)
        by_hand = bool(command.__dict__.get("_called_from_command_line"))
        if by_hand:
            self.works.supersede("runs a command", (SCRIPT,))
        if apart.get() or current() is not None:
            return original(command, *args, **kwargs)
        work = Work(COMMAND, kind.__module__, arguments=given(args, kwargs))
        options = told(command)
        with self.works.recorded(work) as recording:
            work.printed = Printed(command)
            try:
                result = original(command, *args, **kwargs)
            finally:
                work.more = {**options, **work.printed.attributes()}
            if recording is not None:
                work.returned(result)
            return result


def given(args: tuple[Any, ...], options: dict[str, Any]) -> list[Any]:
    return [freeze(list(args)), freeze({name: value for name, value in options.items() if name not in PLUMBING})]


class Printed:
    """What a command writes by its own outputs, as far as it is kept."""

    def __init__(self, command: Any) -> None:
        self.command = command
        self.texts: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self.sizes = {"stdout": 0, "stderr": 0}
        self.whole = True

    def take(self, output: Any, text: Any, ending: Any) -> None:
        name = next((one for one in self.texts if self.command.__dict__.get(one) is output), None)
        if name is None:
            return
        end = output.__dict__.get("ending", "\n") if ending is None else ending
        if type(text) is not str or type(end) is not str:
            self.whole = False
            return
        whole = text if not end or text.endswith(end) else text + end
        left = OUTPUT_BYTES - self.sizes[name]
        self.sizes[name] += len(whole)
        if left > 0:
            self.texts[name].append(whole[:left])

    def attributes(self) -> dict[str, Any]:
        if not any(self.sizes.values()) and self.whole:
            return {}
        texts = [("".join(some), self.sizes[name]) for name, some in self.texts.items()]
        return {v.WORK_OUTPUT: [text if self.whole and size <= OUTPUT_BYTES else Truncated("str", size, text) for text, size in texts]}


def write(original: Callable[..., Any], output: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`OutputWrapper.write(msg, style_func, ending)`."""
    recording = current()
    printed = getattr(recording.work, "printed", None) if recording is not None else None
    if recording is not None and printed is not None:
        given = dict(zip(("msg", "style_func", "ending"), args, strict=False)) | kwargs
        quietly(recording, "what a command wrote", printed.take, output, given.get("msg", ""), given.get("ending"))
    return original(output, *args, **kwargs)


def create_parser(original: Callable[..., Any], command: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`BaseCommand.create_parser(program, name)`: the command line and `call_command` make one before they execute the command."""
    parser = original(command, *args, **kwargs)
    parsed.set((command, parser))
    return parser


def told(command: Any) -> dict[str, Any]:
    """Which of the options are given by position, and what the others are otherwise; nothing where the parser does not say."""
    made = parsed.get()
    parsed.set(None)
    if made is None or made[0] is not command:
        return {}
    try:
        actions = [one for one in made[1].__dict__["_actions"] if type(one.dest) is str and one.dest not in ("help", "version", *PLUMBING)]
        positional = [one.dest for one in actions if not one.option_strings]
        return {v.WORK_POSITIONAL: positional, v.WORK_DEFAULTS: {one.dest: freeze(one.default) for one in actions if one.option_strings}}
    except Exception:
        return {}
