"""Where a recording begins and ends: around the methods of OpenTelemetry's Django middleware, which stands first and stays as it is."""

import sys
from functools import wraps
from typing import Any, Protocol

from unspan_proto import vocabulary as v

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, begin, current, finish
from unspan_instrumentation.request import streaming
from unspan_instrumentation.request.exchange import Exchange
from unspan_instrumentation.saying import warn

KEY = "_unspan_exchange"


class Opens(streaming.Opens, Protocol):
    """Who opens and closes recordings."""

    def opened(self, trace_id: int, span_id: int, attributes: dict[str, Any]) -> Recording: ...
    def describe(self) -> str | None: ...
    def left(self, recording: Recording) -> None: ...


def watch(opens: Opens) -> None:
    """Wraps the middleware's methods. Called when Django's settings are loaded."""
    from django.core.signals import got_request_exception
    from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware as stock

    requests = Requests(opens, stock)
    around = {"__call__": requests.call, "process_request": requests.came_in, "process_view": requests.reached,
              "process_exception": requests.raised, "process_response": requests.answered}  # fmt: skip
    for name, wrapper in around.items():
        setattr(stock, name, bound(getattr(stock, name), wrapper))
    got_request_exception.connect(refused, dispatch_uid="unspan", weak=False)


def bound(original: Any, wrapper: Any) -> Any:
    @wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return wrapper(original, self, *args, **kwargs)

    return method


class Requests:
    """The wrappers. `stock` is the class of OpenTelemetry's middleware, whose keys in `request.META` lead to the span."""

    def __init__(self, opens: Opens, stock: Any) -> None:
        self.opens, self.stock = opens, stock

    def call(self, original: Any, middleware: Any, request: Any) -> Any:
        try:
            return original(middleware, request)
        except BaseException as error:
            self._torn(request, error)
            raise
        finally:
            self._leave(request)

    def came_in(self, original: Any, middleware: Any, request: Any) -> Any:
        result = original(middleware, request)
        try:
            self._open(request)
        except Exception as error:
            warn(f"a request is not recorded because of {type(error).__name__}: {error}")
        return result

    def reached(self, original: Any, middleware: Any, request: Any, view: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = request.__dict__.get(KEY)
        if exchange is not None:
            quietly(exchange.recording, "the view", exchange.reached, view)
        return original(middleware, request, view, *args, **kwargs)

    def raised(self, original: Any, middleware: Any, request: Any, error: Any) -> Any:
        exchange = request.__dict__.get(KEY)
        if exchange is not None:
            quietly(exchange.recording, "an exception", exchange.raised, error)
        return original(middleware, request, error)

    def answered(self, original: Any, middleware: Any, request: Any, response: Any) -> Any:
        exchange = request.__dict__.get(KEY)
        if exchange is None:
            return original(middleware, request, response)
        recording = exchange.recording
        self._leave(request)
        recording.settle()
        quietly(recording, "the response", exchange.answered, response, self.opens.settings.max_body)
        quietly(recording, "the project's description", self._describe, exchange)
        try:
            return original(middleware, request, response)
        finally:
            request.__dict__.pop(KEY, None)
            self._end(exchange, response)

    def _open(self, request: Any) -> None:
        span = request.META.get(self.stock._environ_span_key)
        if span is None or not span.is_recording() or not span.get_span_context().trace_flags.sampled:
            return
        context, attributes = span.get_span_context(), {}
        recording = self.opens.opened(context.trace_id, context.span_id, attributes)
        exchange = recording.exchange = Exchange(request, span, recording, attributes)
        quietly(recording, "the request", exchange.came_in, self.opens.settings.max_body)
        request.__dict__[KEY] = exchange
        exchange.token = begin(recording)

    def _describe(self, exchange: Exchange) -> None:
        reference = self.opens.describe()
        if reference is not None:
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
        self.opens.left(exchange.recording)

    def _end(self, exchange: Exchange, response: Any) -> None:
        recording = exchange.recording
        if getattr(response, "streaming", False):
            stream = streaming.Stream(exchange, str(response.charset or "utf-8"), self.opens)
            if quietly(recording, "the streaming response", streaming.watch, response, stream):
                return
        self.opens.closed(recording)

    def _torn(self, request: Any, error: BaseException) -> None:
        """An exception that Django does not catch: OpenTelemetry would never end the span."""
        self._leave(request)
        exchange = request.__dict__.pop(KEY, None)
        if exchange is not None:
            quietly(exchange.recording, "an exception", exchange.raised, error)
            quietly(exchange.recording, "the request", self._end_span, request, error)
            self.opens.closed(exchange.recording)

    def _end_span(self, request: Any, error: BaseException) -> None:
        activation = request.META.pop(self.stock._environ_activation_key, None)
        request.META.pop(self.stock._environ_span_key, None)
        if activation is not None:
            activation.__exit__(type(error), error, error.__traceback__)


def refused(sender: Any, **kwargs: Any) -> None:
    """Receiver of Django's signal for exceptions that became a response of status 500."""
    recording, error = current(), sys.exc_info()[1]
    if recording is not None and recording.exchange is not None and error is not None:
        quietly(recording, "an exception", recording.exchange.raised, error)


def watch_csrf(module: Any) -> None:
    """The CSRF check refuses a request."""
    refuse = module.CsrfViewMiddleware._reject

    @wraps(refuse)
    def _reject(middleware: Any, request: Any, reason: str) -> Any:
        recording = current()
        if recording is not None and recording.exchange is not None:
            recording.exchange.attributes[v.CSRF_ENFORCED] = True
        return refuse(middleware, request, reason)

    module.CsrfViewMiddleware._reject = _reject
