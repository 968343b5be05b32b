"""The view of a request as something to be called by itself: which object it is, what it was given, what it used of the request, how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from unspan_proto.values import Instance, bare

from unspan_inverter.events import Exchange
from unspan_inverter.events.calls import Called

MARKS: Final = (
    "csrf_exempt", "csrf_protect", "requires_csrf_token", "ensure_csrf_cookie", "require_http_methods", "require_GET", "require_POST", "require_safe",
    "xframe_options_deny", "xframe_options_sameorigin", "xframe_options_exempt", "never_cache", "cache_control", "vary_on_headers", "vary_on_cookie",
    "sensitive_variables", "sensitive_post_parameters", "no_append_slash", "condition", "etag", "last_modified", "non_atomic_requests", "make_middleware_decorator",
    "decorator_from_middleware", "decorator_from_middleware_with_args", "__call__",
)  # fmt: skip
"""Decorators of Django's that let the recorded request through as it is: the view is called with them."""
OF_REQUEST: Final = ("method", "path")


@dataclass(frozen=True, slots=True)
class Viewed:
    """`call`: the call of the view's own function; None for a class, and where a decorator answered in its place. `around`: decorators that did something.

    `asked`: the attributes of the request that the project's code reads, None where that is not known. `attributes`: what the project's middleware and
    decorators had put there. `raised`: type and message of what left the view. `status`: of its own response, None where that is not known.
    """

    view: str
    call: Called | None = None
    of_class: bool = False
    around: tuple[str, ...] = ()
    asked: frozenset[str] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raised: tuple[str, str] | None = None
    status: int | None = None
    given: Mapping[str, Any] | None = None
    """What a decorator gave the function in the place of what the URL says; None where it is that."""
    put_around: frozenset[str] = frozenset()
    """Those of the attributes that a decorator of the project's put there: it was given a request without them."""
    through: tuple[str, ...] = ()
    """Middleware that loads what the view finds in its process (`loading`)."""

    @property
    def bare(self) -> bool:
        """Whether the function itself can be called, without what is around it: it was given what the URL says, and answered."""
        return bool(self.around) and self.call is not None and (self.status is not None or self.raised is not None)

    def reads(self, name: str) -> bool:
        """Whether the project's code reads this attribute of the request; it may, where that is not known."""
        return self.asked is None or name in self.asked


def viewed(exchange: Exchange, called: Sequence[Called]) -> Viewed | str:
    """The view; or why it cannot be called by itself, as the end of a sentence."""
    if why := hindered(exchange, called):
        return why
    call = next((one for one in called if one.function == exchange.view), None)
    of_class = call is None and is_class(exchange)
    if call is None and not of_class and not exchange.decorators:
        return f"{exchange.view} is an object of its own making that the URLconf calls"
    around = tuple(one for one in exchange.decorators if not is_mark(one))
    within = [one for one in called if call is None or (call.began <= one.began and one.ended <= call.ended)]
    asked = [one.asked for one in within]
    return Viewed(
        exchange.view, call, of_class, around, None if None in asked else frozenset(name for names in asked for name in names or ()),
        next(attributes(within), {}), ended(exchange, call), answered(call), given(exchange, call), put_around(exchange, called, call),
    )  # fmt: skip


def hindered(exchange: Exchange, called: Sequence[Called]) -> str:
    """Why there is no view of the project to be called; empty where there is one."""
    if not exchange.view:
        return "no view was found for its path, Django answered it"
    if exchange.csrf_refused or (
        exchange.answered_by and not exchange.failures and not any(one.function == exchange.view for one in called)
    ):
        return f"{exchange.answered_by or 'middleware'} answered in the place of the view"
    if exchange.view_own is False:
        return f"its view {exchange.view} is a library's, and not the project's own"
    if "<" in exchange.view:
        return f"its view {exchange.view} has no name that it could be imported by"
    return ""


def put_around(exchange: Exchange, called: Sequence[Called], call: Called | None) -> frozenset[str]:
    """What the request that the view was given has, and the one that the outermost decorator of the project's was given has not."""
    if call is None:
        return frozenset()
    around = [
        one
        for one in called
        if one is not call
        and one.began <= call.began
        and one.ended >= call.ended
        and one.function.partition(".<locals>")[0] in exchange.decorators
    ]
    before = next(attributes(around[:1]), None)
    return frozenset(next(attributes([call]), {})) - frozenset(before) if before is not None else frozenset()


def is_class(exchange: Exchange) -> bool:
    """Whether the view is a class; in a trace that does not say, by the look of its name."""
    return exchange.made_with is not None or (exchange.view_own is None and exchange.view.rpartition(".")[2][:1].isupper())


def is_mark(decorator: str) -> bool:
    return decorator.startswith("django.") and decorator.rpartition(".")[2] in MARKS


def ended(exchange: Exchange, call: Called | None) -> tuple[str, str] | None:
    """What left the view; of a class or a decorator, what Django turned into a response."""
    if call is not None:
        return call.raised
    first = exchange.failures[0] if exchange.failures else None
    return (first.type, first.message) if first is not None else exchange.exception


def answered(call: Called | None) -> int | None:
    """The status of the response that the view's function returned."""
    found = call.result if call is not None else None
    status = bare(found.fields.get("status_code")) if isinstance(found, Instance) else None
    return status if isinstance(status, int) else None


def given(exchange: Exchange, call: Called | None) -> Mapping[str, Any] | None:
    """The arguments of the view's function after the request, where they are not those of the URL."""
    if call is None:
        return None
    rest = dict(list(call.arguments.items())[1:])
    args, kwargs = exchange.arguments
    spread = [item for value in rest.values() if isinstance(value, (tuple, list)) for item in value]
    named = {name: item for value in rest.values() if isinstance(value, dict) for name, item in value.items()} | rest
    same = all(name in named and named[name] == value for name, value in kwargs.items()) and all(
        value in (*spread, *rest.values()) for value in args
    )
    return None if same else rest


def attributes(called: Sequence[Called]) -> Iterator[Mapping[str, Any]]:
    """What was in the requests that functions were given, themselves or in an object's `request`, beside Django's own."""
    for one in called:
        for value in one.arguments.values():
            inner = value.fields.get("request") if isinstance(value, Instance) else None
            for each in (value, inner):
                if isinstance(each, Instance) and each.type.endswith("Request") and set(OF_REQUEST) <= set(each.fields):
                    yield {name: item for name, item in each.fields.items() if name not in OF_REQUEST}
