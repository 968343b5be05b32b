"""Units of work that are no HTTP request: tasks, management commands, tests, scripts. Each is a trace of its own.

`units` opens and closes their recordings; each other module finds one kind of them, by seams that are listed here.
"""

from collections.abc import Callable
from typing import Any

from unspan_instrumentation.works import celery, commands, django_tasks, pytest, scripts, serving, unittest
from unspan_instrumentation.works.units import Opens, Works

Seam = tuple[str, Callable[[Any], None]]


def seams(opens: Opens) -> tuple[Seam, ...]:
    """Module, and what to do with it once the application has imported it."""
    works = Works(opens)
    finders = (
        scripts.Scripts(works), commands.Commands(works), unittest.Tests(works), pytest.Items(works), celery.Tasks(works),
        django_tasks.Tasks(works), serving.Serving(works),
    )  # fmt: skip
    return tuple(seam for finder in finders for seam in finder.seams())
