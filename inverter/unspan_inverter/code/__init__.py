"""Plans as source: literals built from values, never text pasted from a trace."""

from unspan_inverter.code.layout import source
from unspan_inverter.code.look import PLAIN, Look

__all__ = ["PLAIN", "Look", "source"]
