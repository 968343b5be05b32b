"""Progress bars, on a terminal only."""

from collections.abc import Generator
from contextlib import contextmanager

from unspan_inverter.proving.telling import Told, untold
from unspan_inverter.showing.pieces import inert


@contextmanager
def progress(name: str) -> Generator[Told, None, None]:
    """What is being done and how far it is, on a terminal; nothing elsewhere."""
    from rich.console import Console  # a tenth of a second that other commands need not pay
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield untold
        return
    shown = "[progress.description]{task.description}"
    with Progress(TextColumn(shown), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(escaped(name))
        yield lambda text, done, of: bar.update(task, description=f"{escaped(name)}: {escaped(text)}", completed=done, total=of or None)


def escaped(text: str) -> str:
    from rich.markup import escape

    return escape(inert(text))
