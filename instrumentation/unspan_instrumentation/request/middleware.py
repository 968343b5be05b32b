"""Where a recording begins: around the methods of OpenTelemetry's Django middleware, which stands first."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from opentelemetry.trace import Span
from unspan_proto import vocabulary as v

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, begin, finish
from unspan_instrumentation.request import endings, failures, streaming
from unspan_instrumentation.request.chosen import chosen
from unspan_instrumentation.request.exchange import Exchange
from unspan_instrumentation.request.keys import KEY
from unspan_instrumentation.request.stock import addressed, bound, is_async, marked, method_alone
from unspan_instrumentation.saying import warn


class Opens(streaming.Opens, Protocol):
    """Who opens and closes recordings."""

    def opened(self, trace_id: int, span_id: int, attributes: dict[str, Any]) -> Recording: ...
    def describe(self) -> str | None: ...
    def left(self, recording: Recording) -> None: ...


def watch(opens: Opens) -> None:
    """Wraps the middleware's methods. Called when Django's settings are loaded."""
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware

    stock: Any = _DjangoMiddleware
    requests = Requests(opens, stock)
    around = {"process_request": requests.came_in, "process_view": requests.reached, "process_exception": requests.raised,
              "process_response": requests.answered}  # fmt: skip
    for name, wrapper in around.items():
        setattr(stock, name, bound(getattr(stock, name), wrapper))
    stock._get_span_name = staticmethod(method_alone)
    stock.__call__ = bound(stock.__call__, requests.call)
    if "async_capable" not in stock.__dict__:
        stock.sync_capable = stock.async_capable = True
        stock.__init__ = bound(stock.__init__, marked)


class Requests:
    """The wrappers. `stock` is the class of OpenTelemetry's middleware, whose keys in `request.META` lead to the span."""

    def __init__(self, opens: Opens, stock: Any) -> None:
        self.opens, self.stock = opens, stock
        self.name: Callable[[Any], str] = stock._get_span_name
        self.project = failures.project_of(opens.settings)
        self.described = False

    def call(self, original: Any, middleware: Any, request: Any) -> Any:
        if is_async(middleware):
            return self.acall(middleware, request)
        try:
            return original(middleware, request)
        except BaseException as error:
            self._torn(request, error)
            raise
        finally:
            self._leave(request)

    async def acall(self, middleware: Any, request: Any) -> Any:
        try:
            middleware.process_request(request)
            response = await middleware.get_response(request)
            if not self.described:
                from asgiref.sync import sync_to_async

                await sync_to_async(self._describe, thread_sensitive=False)(request)
            return middleware.process_response(request, response)
        except BaseException as error:
            self._torn(request, error)
            raise
        finally:
            self._leave(request)

    def came_in(self, original: Any, middleware: Any, request: Any) -> Any:
        endings.waiting.sweep()
        try:
            with addressed(request):
                original(middleware, request)
            self._open(request)
        except Exception as error:
            warn(f"a request is not recorded because of {type(error).__name__}: {error}")

    def reached(self, original: Any, middleware: Any, request: Any, view: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = request.__dict__.get(KEY)
        if exchange is not None:
            quietly(exchange.recording, "the view", exchange.reached, view)
        span = request.META.get(self.stock._environ_span_key)
        if span is not None and span.is_recording() and request.resolver_match:
            span.update_name(self.name(request))
        with addressed(request):
            return original(middleware, request, view, *args, **kwargs)

    def raised(self, original: Any, middleware: Any, request: Any, error: Any) -> Any:
        with addressed(request):
            return original(middleware, request, error)

    def answered(self, original: Any, middleware: Any, request: Any, response: Any) -> Any:
        exchange = request.__dict__.get(KEY)
        if exchange is None:
            return self._passed_on(original, middleware, request, response)
        recording = exchange.recording
        self._leave(request)
        quietly(recording, "what was open", recording.settle)
        self._describe(request)
        quietly(recording, "the response", exchange.answered, response, self.opens.settings.max_body)
        try:
            return self._passed_on(original, middleware, request, response)
        finally:
            request.__dict__.pop(KEY, None)
            self._await_end(exchange, response)

    def _passed_on(self, original: Any, middleware: Any, request: Any, response: Any) -> Any:
        try:
            with addressed(request):
                return original(middleware, request, response)
        except Exception as error:
            warn(f"OpenTelemetry's middleware failed with {type(error).__name__}: {error}")
            return response

    def _open(self, request: Any) -> None:
        span: Span | None = request.META.get(self.stock._environ_span_key)
        if span is None or not span.is_recording() or not span.get_span_context().trace_flags.sampled:
            return
        context, attributes = span.get_span_context(), {}
        if not chosen(request, context.trace_id, self.opens.settings):
            return
        recording = self.opens.opened(context.trace_id, context.span_id, attributes)
        exchange = recording.exchange = Exchange(request, span, recording, attributes, self.project)
        quietly(recording, "the request", exchange.came_in, self.opens.settings.max_body)
        request.__dict__[KEY] = exchange
        exchange.token = begin(recording)

    def _describe(self, request: Any) -> None:
        """Names the project's description; the first time makes it, which takes a while and asks for no event loop."""
        exchange = request.__dict__.get(KEY)
        if exchange is not None:
            reference = quietly(exchange.recording, "the project's description", self.opens.describe)
            if reference is not None:
                self.described = True
                exchange.attributes[v.PROJECT_REF] = reference

    def _leave(self, request: Any) -> None:
        """The request's thread goes back to whatever it did before."""
        exchange = request.__dict__.get(KEY)
        if exchange is None or exchange.token is None:
            return
        token, exchange.token = exchange.token, None
        try:
            finish(token)
        except ValueError:  # the middleware was left in another context than it was entered in
            begin(None)
        quietly(exchange.recording, "what the request's thread did", self.opens.left, exchange.recording)

    def _await_end(self, exchange: Exchange, response: Any) -> None:
        stream = None
        if getattr(response, "streaming", False):
            stream = streaming.Stream(exchange, str(exchange.attributes.get(v.RESPONSE_CHARSET, "utf-8")), self.opens)
            quietly(exchange.recording, "the streaming response", streaming.watch, response, stream)
        endings.at_close(response, endings.Ending(exchange, self.opens, stream))

    def _torn(self, request: Any, error: BaseException) -> None:
        """An exception that Django does not catch, or the client has gone: OpenTelemetry would never end the span."""
        self._leave(request)
        exchange = request.__dict__.pop(KEY, None)
        if exchange is None:
            return
        recording = exchange.recording
        quietly(recording, "what was open", recording.settle)
        if isinstance(error, asyncio.CancelledError):
            exchange.attributes[v.CLIENT_GONE] = True
        quietly(recording, "an exception", exchange.raised, error)
        quietly(recording, "the request", exchange.came_to_know, self.opens.settings.max_body)
        quietly(recording, "the request", self._end_span, request, error)
        quietly(recording, "the end", self.opens.closed, recording)

    def _end_span(self, request: Any, error: BaseException) -> None:
        activation = request.META.pop(self.stock._environ_activation_key, None)
        request.META.pop(self.stock._environ_span_key, None)
        if activation is not None:
            activation.__exit__(type(error), error, error.__traceback__)
