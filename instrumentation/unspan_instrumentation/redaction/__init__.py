"""Keeps secrets in the process: what they are called (`names`), what they look like (`shapes`), what stands in their place (`substitutes`)."""

from unspan_instrumentation.redaction.redactor import Redactor

__all__ = ["Redactor"]
