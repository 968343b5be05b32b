"""The door to middleware that answers in the place of the view: it is called with the request, around a view that would answer nothing."""

from dataclasses import dataclass, replace
from typing import Any, Final

from unspan_inverter.events import Exchange
from unspan_inverter.plan import names
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import Attr, Call, Import, Plan, call
from unspan_inverter.plan.requests import Act
from unspan_inverter.plan.signing import Signature
from unspan_inverter.plan.view import NO_ANSWER, REQUEST, View, argument

PROCESS_VIEW: Final = "process_view"


@dataclass(frozen=True, slots=True)
class Middleware(View):
    """Calls the middleware of a recorded request. `by`: the method that answered: Django calls `process_view` itself, with the view."""

    by: str = "__call__"

    @property
    def level(self) -> str:
        return "surroundings"

    def act(self, exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None, ignored: frozenset[str]) -> Act:
        made = View.act(self, replace(exchange, arguments=((), {})), bindings, traces, signature, ignored)
        if self.by != PROCESS_VIEW or "<" in exchange.view or not exchange.view:
            return made
        args, kwargs = exchange.arguments
        module, _, name = exchange.view.rpartition(".")
        given = (
            tuple(argument("", value, bindings) for value in args),
            {key: argument(key, value, bindings) for key, value in kwargs.items()},
        )
        called = Call(Attr(self.function(exchange, bindings), PROCESS_VIEW), (REQUEST, Import(module, name), *given))
        return replace(made, request=replace(made.request, value=called))

    def function(self, exchange: Exchange, bindings: Bindings) -> Any:
        module, _, name = self.viewed.view.rpartition(".")
        return call(Import(module, name), NO_ANSWER)


def named(plan: Plan, middleware: str) -> Plan:
    """The plan under the middleware's name."""
    name = middleware.rpartition(".")[2]
    kind = name if name[:1].isupper() else "".join(word.capitalize() for word in names.words(name))
    return replace(plan, class_name=f"{kind[:60]}Tests", method_name=names.cut(f"test_answers_{plan.method_name.removeprefix('test_')}"))
