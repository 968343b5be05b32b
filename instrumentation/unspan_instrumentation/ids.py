"""Ids of spans that our own tracer provider makes.

The SDK takes them from `random`, the application's own: where that is seeded it would give another sequence under the recorder,
and every process or test that seeds it alike would give the same ids.
"""

import os

from opentelemetry.sdk.trace.id_generator import IdGenerator


class Ids(IdGenerator):
    """Ids from the system's randomness, which nobody seeds and no fork repeats."""

    def generate_span_id(self) -> int:
        return drawn(8)

    def generate_trace_id(self) -> int:
        return drawn(16)

    def is_trace_id_random(self) -> bool:
        return True


def drawn(size: int) -> int:
    """A number of this many bytes, not 0: that is no valid id."""
    return int.from_bytes(os.urandom(size)) or 1
