"""Management commands: one unit of work each, unless they serve, or run inside of another unit of work (`call_command` in a request, in a test)."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import around
from unspan_instrumentation.recording import current
from unspan_instrumentation.works.units import COMMAND, SCRIPT, Work, Works, apart, outside

ENDLESS: Final = frozenset(f"django.core.management.commands.{name}" for name in ("runserver", "testserver", "shell", "dbshell", "test"))
"""Commands of Django's that serve, wait for a person, or run units of work; also where a library builds its own upon them."""
PLUMBING: Final = frozenset({"stdout", "stderr"})


class Commands:
    def __init__(self, works: Works) -> None:
        self.works = works

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        yield "django.core.management.base", self.watch

    def watch(self, module: Any) -> None:
        around(module.BaseCommand, "execute", self.execute)

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
        with self.works.recorded(work) as recording:
            result = original(command, *args, **kwargs)
            if recording is not None:
                work.returned(result)
            return result


def given(args: tuple[Any, ...], options: dict[str, Any]) -> list[Any]:
    return [freeze(list(args)), freeze({name: value for name, value in options.items() if name not in PLUMBING})]
