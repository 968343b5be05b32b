"""Which templates were rendered, in the order in which they began, and what those had to hand that the application itself rendered."""

from functools import wraps
from typing import Any, Final

from unspan_proto.values import type_name

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import current

MAX_KEYS: Final = 200
BUILT_IN: Final = ("True", "False", "None")
"""In every context of Django's."""


def watch_django(module: Any) -> None:
    """Django's own engine: every template, those extended and included too."""
    module.Template._render = noting(module.Template._render)


def watch_tests(module: Any) -> None:
    """For `django.test.utils`, whose own function takes the place of the engine's while tests run."""
    module.instrumented_test_render = noting(module.instrumented_test_render)


def noting(render: Any) -> Any:
    @wraps(render)
    def _render(template: Any, context: Any) -> Any:
        __traceback_hide__ = True
        note(template.name)
        if context.__dict__.get("template") is template:
            note_context(template.name, context.__dict__.get("dicts"))
        return render(template, context)

    return _render


def watch_jinja(module: Any) -> None:
    render = module.Template.render

    @wraps(render)
    def recorded(template: Any, *args: Any, **kwargs: Any) -> Any:
        __traceback_hide__ = True
        name = getattr(template.template, "name", None)
        note(name)
        note_context(name, [args[0] if args else kwargs.get("context")])
        return render(template, *args, **kwargs)

    module.Template.render = recorded


def note(name: object) -> None:
    recording = current()
    if recording is not None and recording.exchange is not None:
        quietly(recording, "a template", recording.exchange.rendered, name)


def note_context(name: object, dicts: Any) -> None:
    recording = current()
    if recording is not None and recording.exchange is not None and isinstance(name, str):
        quietly(recording, "a template's context", given, recording.exchange, str.__str__(name), dicts)


def given(exchange: Any, name: str, dicts: Any) -> None:
    exchange.given(name, types(dicts))


def types(dicts: Any) -> dict[str, str]:
    """Key → name of the value's type, of dicts that lie on one another."""
    found: dict[str, str] = {}
    for one in dicts if type(dicts) is list else ():
        if issubclass(type(one), dict):
            for key, value in dict.items(one):
                if type(key) is str and key not in BUILT_IN and len(found) < MAX_KEYS:
                    found[key] = type_name(type(value))
    return found
