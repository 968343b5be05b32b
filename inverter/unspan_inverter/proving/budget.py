"""How long a proof may take, and how much of that is left."""

import time
from dataclasses import dataclass, field

LEAST = 1.0
"""Seconds that what is begun gets at least: with less nothing could end."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds from now on."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return self.begun + self.seconds - time.monotonic()

    def more(self) -> bool:
        """Whether anything may still be begun."""
        return self.left > 0

    def at_most(self, seconds: float) -> float:
        """How long one thing may take that has a limit of its own."""
        return max(min(seconds, self.left), LEAST)

    def without(self, reserve: float) -> "Budget":
        """What is left, but for a reserve of at most half of it."""
        return Budget(max(self.left - min(reserve, self.left / 2), 0.0))
