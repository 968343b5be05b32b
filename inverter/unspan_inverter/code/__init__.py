"""Plans as source: literals built from values, never text pasted from a trace."""

from unspan_inverter.code.layout import source

__all__ = ["source"]
