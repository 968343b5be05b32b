"""A form as the request made it: its class with what came in, and its validation where that had run."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from unspan_proto.values import Derived, ModelRef, bare

from unspan_inverter.facts.filled import Filled
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import Assign, Call, Do, Import, Name, SetAttr, Statement, method
from unspan_inverter.plan.makings import made

FORM: Final = Name("form")
OF_QUERY: Final = "django.http.request.QueryDict"
NOT_DATA: Final = "csrfmiddlewaretoken"


def arranged(given: Filled, bindings: Bindings) -> Iterator[Statement]:
    """`form = TodoForm(data={…})`, and what validation had found by then. Raises Unmakable."""
    module, _, name = given.form.type.rpartition(".")
    args, kwargs = arguments(given, bindings)
    yield Assign(FORM, Call(Import(module, name), args, tuple(kwargs.items())))
    if given.validated:
        yield Do(method(FORM, "is_valid"))
    elif "cleaned_data" in given.form.fields:
        yield SetAttr(FORM, "cleaned_data", made(given.form.fields["cleaned_data"], bindings))


def arguments(given: Filled, bindings: Bindings) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """What the class was called with: as the project's `__init__` was, else by the names of Django's own."""
    if given.made is None:
        fields = given.form.fields
        instance = fields.get("instance")
        saved = isinstance(instance, ModelRef) and instance.pk is not None
        some = {name: fields[name] for name in ("data", "initial", "prefix") if bare(fields.get(name))}
        return (), {name: sent(value, bindings) for name, value in {**some, **({"instance": instance} if saved else {})}.items()}
    given_so = list(given.made.arguments.items())[1:]
    rest = next((mark[1:] for mark in given.made.spread if not mark.startswith("**")), "")
    further = next((mark[2:] for mark in given.made.spread if mark.startswith("**")), "")
    by_place = bool(dict(given_so).get(rest))
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, value in given_so:
        if name == rest:
            args += [sent(item, bindings) for item in value]
            by_place = False
        elif name == further:
            kwargs |= {str(key): sent(item, bindings) for key, item in value.items() if item is not None}
        elif by_place:
            args.append(sent(value, bindings))
        else:
            kwargs[name] = sent(value, bindings)
    return tuple(args), kwargs


def sent(value: Any, bindings: Bindings) -> Any:
    """What came in as a plain dict, without the token that the form never sees."""
    if isinstance(value, Derived) and value.type == OF_QUERY and isinstance(value.value, dict):
        fields: dict[str, Any] = {str(bare(name)): bare(items) for name, items in value.value.items()}
        return {name: items[0] if len(items) == 1 else items for name, items in fields.items() if name != NOT_DATA}
    return made(value, bindings)
