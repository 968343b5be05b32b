"""OpenTelemetry's own exporters beside ours, where the environment asks for them and no distribution is there that would set them up."""

from importlib.metadata import entry_points
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from unspan_instrumentation.saying import warn


def attach(provider: TracerProvider, names: tuple[str, ...]) -> None:
    """Has the provider's spans sent by these exporters too. One that cannot be had is said to be missing."""
    for name in names:
        try:
            provider.add_span_processor(BatchSpanProcessor(exporter(name)))
        except Exception as error:
            warn(f"OpenTelemetry's exporter {name} cannot be used ({type(error).__name__}: {error})")


def exporter(name: str) -> Any:
    found = next(iter(entry_points(group="opentelemetry_traces_exporter", name=name)), None)
    if found is None:
        raise LookupError("no installed package has it")
    return found.load()()
