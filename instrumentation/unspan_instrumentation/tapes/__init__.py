"""Values that the outside handed in, one record each: the clock and randomness, with the line that asked and the place where it looked.

For the project's code everything is recorded (`clock`, `randomness`); of what a library or Django asks, on the project's behalf, the time of day
and randomness (`asking` decides). What stands in for a function (`stand_ins`) returns the very same result and looks the same to whoever
inspects, serialises, pickles or compares it. Not seen: `numpy.random`, clocks that libraries written in C read by themselves, and, once
time-machine is imported, everything of the clock but Django's `timezone.now`.
"""

from collections.abc import Callable
from typing import Any, Final

from unspan_instrumentation.tapes import clock, randomness

PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (*clock.PATCHES, *randomness.PATCHES)
"""Module and what to do with it once it is imported."""
