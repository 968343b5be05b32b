"""The project's own telemetry, where the environment says that it has some: set up as OpenTelemetry's manual shows it."""

import os

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import set_tracer_provider


class Team(SpanProcessor):
    """Marks every span."""

    def on_start(self, span, parent_context=None):
        span.set_attribute("team", "books")


def install(place):
    """Does something in one place only: the one that SHOP_TELEMETRY names."""
    if os.environ.get("SHOP_TELEMETRY") != place:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "the books"}))
    provider.add_span_processor(Team())
    exporter = OTLPSpanExporter(os.environ["SHOP_RECEIVER"] + "/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=100))
    set_tracer_provider(provider)
