"""A value as it is now, safe from later changes, for the codec: `freeze`. Bounded, and blind to user code.

Looks at exact types; a subclass of a built-in type is read by the built-in's own methods; no `__getattr__`, `__iter__`, `__repr__`,
`__class__`, descriptor or metaclass hook of the application runs, no QuerySet, generator, file or lazy object is touched.
"""

from unspan_instrumentation.freezing.instances import forget
from unspan_instrumentation.freezing.learning import KEPT
from unspan_instrumentation.freezing.limits import ATOMS, MAX_DEPTH, MAX_ITEMS, MAX_NODES, MAX_TEXT, NOTHING, SMALL, Weight, same
from unspan_instrumentation.freezing.objects import Own
from unspan_instrumentation.freezing.snapshot import WHOLE, freeze

__all__ = (
    "ATOMS", "KEPT", "MAX_DEPTH", "MAX_ITEMS", "MAX_NODES", "MAX_TEXT", "NOTHING", "SMALL", "WHOLE", "Own", "Weight", "forget", "freeze", "same",
)  # fmt: skip
