"""Which templates were rendered, in the order in which they began."""

from functools import wraps
from typing import Any

from unspan_instrumentation.recording import current


def watch_django(module: Any) -> None:
    """Django's own engine: every template, those extended and included too."""
    render = module.Template._render

    @wraps(render)
    def _render(template: Any, context: Any) -> Any:
        note(template.name)
        return render(template, context)

    module.Template._render = _render


def watch_jinja(module: Any) -> None:
    render = module.Template.render

    @wraps(render)
    def recorded(template: Any, *args: Any, **kwargs: Any) -> Any:
        note(getattr(template.template, "name", None))
        return render(template, *args, **kwargs)

    module.Template.render = recorded


def note(name: object) -> None:
    recording = current()
    if recording is not None and recording.exchange is not None:
        recording.exchange.rendered(name)
