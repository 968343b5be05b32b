"""OpenTelemetry's tracer provider: the application's own, with our span processor added; where it has none, one of ours.

Looked for when Django loads its middleware, because settings, `wsgi.py` and `AppConfig.ready` may set one until then; one that is set later
still replaces ours.
"""

from functools import wraps
from typing import Any
from weakref import WeakSet

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from unspan_instrumentation import exporters
from unspan_instrumentation.ids import Ids
from unspan_instrumentation.outbox import Finished, Outbox
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.records import bare
from unspan_instrumentation.saying import warn
from unspan_instrumentation.settings import Target, endpoint

REMEMBERED = 10_000
"""Server spans whose ids are kept, so that another exporter to the same collector leaves them to us."""


class Processor(SpanProcessor):
    """Sends the server spans of recordings, with what was learnt of the request; of our own provider also the other spans of their traces."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.everything = False
        self.live: dict[int, tuple[Recording, dict[str, Any]]] = {}
        self.traces: dict[int, int] = {}
        self.moved: dict[int, int] = {}
        """Traces of requests that were made inside a unit of work, with the work's trace."""
        self.sent: dict[int, None] = {}

    def opened(self, recording: Recording, attributes: dict[str, Any]) -> None:
        """A recording has begun under the server span `recording.root`; `attributes` will have been filled when that ends."""
        self.live[recording.root] = recording, attributes
        own = own_trace(recording)
        self.traces[own] = self.traces.get(own, 0) + 1
        if own != recording.trace_id:
            self.moved[own] = recording.trace_id
        self.sent[recording.root] = None
        while len(self.sent) > REMEMBERED:
            self.sent.pop(next(iter(self.sent), 0), None)

    def closed(self, recording: Recording) -> None:
        self.live.pop(recording.root, None)
        own = own_trace(recording)
        left = self.traces.pop(own, 1) - 1
        if left > 0:
            self.traces[own] = left
        else:
            self.moved.pop(own, None)

    def on_end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is None:
            return
        found = self.live.pop(context.span_id, None)
        if found is not None:
            recording, attributes = found
            place = (recording.trace_id, recording.within.parent) if recording.within else (0, 0)
            if not self.outbox.put(Finished(span, attributes, *place)):
                recording.lose("all but the request's line was dropped because the exporter's queue was full")
                quietly(recording, "the request's line", lambda: self.outbox.put(Finished(span, bare(attributes), *place), bare=True))
        elif self.everything and context.trace_id in self.traces:
            self.outbox.put(Finished(span, {}, self.moved.get(context.trace_id, 0)))

    def shutdown(self) -> None:
        self.outbox.flush(2)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self.outbox.flush(timeout_millis / 1000)


def own_trace(recording: Recording) -> int:
    """The trace that the SDK gave the server span."""
    return recording.within.trace_id if recording.within else recording.trace_id


def known_resource() -> bytes:
    """The serialised `Resource` of the application's provider, else of the environment; where no request has made us set one."""
    return resource_bytes(getattr(trace.get_tracer_provider(), "resource", None) or Resource.create())


def sampled(trace_id: int, name: str) -> bool:
    """Whether the application's sampler, or that of the environment, wants a trace that begins here."""
    from opentelemetry.sdk.trace import sampling

    provider = trace.get_tracer_provider()
    sampler = getattr(provider, "sampler", None) or sampling._get_from_env_or_default()
    return bool(sampler.should_sample(None, trace_id, name).decision.is_sampled())


def join(processor: Processor) -> bool:
    """Adds the processor to the application's provider, or sets one of ours; whether that was possible."""
    provider: Any = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):
        provider = Standing(processor)
        processor.everything = True
        exporters.attach(provider, processor.outbox.settings.exporters)
    if not hasattr(provider, "add_span_processor"):
        warn(
            f"the tracer provider {type(provider).__module__}.{type(provider).__qualname__} takes no span processor: requests are not recorded"
        )
        return False
    add(processor, provider)
    return True


def add(processor: Processor, provider: Any) -> None:
    provider.add_span_processor(processor)
    processor.outbox.resource = resource_bytes(provider.resource)
    for other in getattr(getattr(provider, "_active_span_processor", None), "_span_processors", ()):
        exporter = getattr(other, "span_exporter", None) or getattr(getattr(other, "_batch_processor", None), "_exporter", None)
        if exporter is not None and same(exporter, processor.outbox.settings.target):
            processor.everything = False
            leave_to_us(exporter, processor)


class Standing(TracerProvider):
    """The provider of an application that has none. Should the application set one after all, it takes this one's place and its tracers.

    It is put where OpenTelemetry looks, not set: that can be done once in a process, and is the application's to do.
    """

    def __init__(self, processor: Processor) -> None:
        super().__init__(resource=Resource.create(), id_generator=Ids())
        self.processor = processor
        self.given: WeakSet[Any] = WeakSet()
        self.over = False
        trace._TRACER_PROVIDER = self
        setting = trace._set_tracer_provider

        @wraps(setting)
        def _set_tracer_provider(tracer_provider: Any, *args: Any, **kwargs: Any) -> None:
            setting(tracer_provider, *args, **kwargs)
            self.stand_back(trace._TRACER_PROVIDER)

        trace._set_tracer_provider = _set_tracer_provider

    def get_tracer(self, *args: Any, **kwargs: Any) -> Any:
        tracer = super().get_tracer(*args, **kwargs)
        self.given.add(tracer)
        return tracer

    def stand_back(self, successor: Any) -> None:
        """Lets the tracers given so far make the successor's spans."""
        if successor is self or self.over:
            return
        self.over, self.processor.everything = True, False
        if not hasattr(successor, "add_span_processor"):
            warn(f"the tracer provider {type(successor).__qualname__} takes no span processor: requests are not recorded from now on")
            return
        add(self.processor, successor)
        self._resource = successor.resource  # after a fork the SDK derives its tracers' resource from it again
        for tracer in list(self.given):
            tracer.resource, tracer.sampler = successor.resource, successor.sampler
            tracer.span_processor, tracer.id_generator = successor._active_span_processor, successor.id_generator


def same(exporter: Any, target: Target) -> bool:
    """Whether an exporter of OpenTelemetry's sends where we send: gRPC to our address, or HTTP to the port beside it."""
    module, address = type(exporter).__module__, getattr(exporter, "_endpoint", None)
    if not module.startswith("opentelemetry.exporter.otlp.") or not isinstance(address, str):
        return False
    try:
        theirs = endpoint(address.partition("://")[2].partition("/")[0] or address)
    except ValueError:
        return False
    ours = target.address
    return theirs.address == (ours if ".grpc." in module else ours.replace(":4317", ":4318"))


def leave_to_us(exporter: Any, processor: Processor) -> None:
    """Keeps an exporter from sending server spans that we send: one id with two contents would mark the trace as damaged."""
    original = exporter.export

    def export(spans: Any, *args: Any, **kwargs: Any) -> Any:
        return original([one for one in spans if one.get_span_context().span_id not in processor.sent], *args, **kwargs)

    exporter.export = export


def resource_bytes(resource: Resource) -> bytes:
    """A serialised `Resource`."""
    span = ReadableSpan(name="", context=trace.SpanContext(1, 1, False), resource=resource, start_time=0, end_time=0)
    return encode_spans([span]).resource_spans[0].resource.SerializeToString()
