"""Which core watches calls, and why not the other."""

import sys
from typing import Final

from unspan_instrumentation.calls.core import Core, Nothing
from unspan_instrumentation.calls.disposition import Project
from unspan_instrumentation.calls.profiling import Profiling
from unspan_instrumentation.freezing import Own
from unspan_instrumentation.settings import Settings

TOOLS: Final = (4, 3)
"""Ids of `sys.monitoring` that nobody else has: 0 is the debugger's, 1 coverage's, 2 the profiler's; 3 is taken by one peer."""


def choose(settings: Settings, project: Project) -> Core:
    """The core for this interpreter and these settings; from now on objects of the project's classes are looked into."""
    Own.is_module = project.owns
    if not settings.calls:
        return Nothing("UNSPAN_CALLS=0 switches function calls off")
    if sys.version_info < (3, 12):
        return Profiling(project, "sys.setprofile, because sys.monitoring came with Python 3.12")
    from unspan_instrumentation.calls.monitoring import Monitoring

    free = next((tool for tool in TOOLS if sys.monitoring.get_tool(tool) is None), None)
    if free is None:
        return Profiling(project, f"sys.setprofile, because other tools use the ids {TOOLS} of sys.monitoring")
    return Monitoring(project, free, "sys.monitoring, which costs nothing in code that is not the project's")
