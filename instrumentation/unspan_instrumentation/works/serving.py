"""What is no unit of work though it looks like one: a command or script that begins to serve, and the making of databases for tests."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from unspan_instrumentation.patching import around
from unspan_instrumentation.works.units import Works, outside

TEST_CLIENT: Final = "django.test.client"
"""Its handlers load the middleware, too, and serve the unit of work itself."""


class Serving:
    def __init__(self, works: Works) -> None:
        self.works = works

    def seams(self) -> Iterator[tuple[str, Callable[[Any], None]]]:
        yield "django.core.handlers.base", self.watch
        yield "django.db.backends.base.creation", watch_databases

    def watch(self, module: Any) -> None:
        around(module.BaseHandler, "load_middleware", self.load_middleware)

    def load_middleware(self, original: Callable[..., Any], handler: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        kind: Any = type(handler)
        if not any(base.__module__ == TEST_CLIENT for base in kind.__mro__):
            self.works.supersede("serves requests")
        return original(handler, *args, **kwargs)


def prepared(original: Callable[..., Any], creation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Migrations of a test database run within the first test that wants it, under pytest-django."""
    with outside():
        return original(creation, *args, **kwargs)


def watch_databases(module: Any) -> None:
    for name in ("create_test_db", "clone_test_db", "destroy_test_db"):
        around(module.BaseDatabaseCreation, name, prepared)
