"""Exceptions that Django turned into a response: of views, of middleware, of its own resolver and checks."""

import sys
from functools import wraps
from typing import Any, Final

from unspan_proto.values import type_name

from unspan_instrumentation.calls.disposition import Project, roots
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.request.keys import KEY

MAX_FRAMES: Final = 50
MAX_MESSAGE: Final = 2_000


def watch(module: Any) -> None:
    """For `django.core.handlers.exception`: every layer of the middleware asks it for the response to an exception."""
    answer = module.response_for_exception

    @wraps(answer)
    def response_for_exception(request: Any, exc: Any) -> Any:
        exchange = request.__dict__.get(KEY)
        if exchange is None:
            return answer(request, exc)
        quietly(exchange.recording, "an exception", exchange.failed, exc)
        response = answer(request, exc)
        quietly(exchange.recording, "an exception", exchange.failure_answered, exc, response)
        return response

    module.response_for_exception = response_for_exception


def told(error: BaseException, project: Project) -> dict[str, Any]:
    """An exception as a dict, without asking it anything."""
    return {"type": type_name(type(error)), "message": message(error), "frames": frames(error, project)}


def message(error: BaseException) -> str:
    """The text of an exception's arguments, without asking the exception."""
    args = BaseException.__dict__["args"].__get__(error)
    return ", ".join(str(part) for part in args if type(part) in (str, int, float))[:MAX_MESSAGE]


def frames(error: BaseException, project: Project) -> list[list[Any]]:
    """`[function, file, line]` of the project's own frames in the traceback, outermost first."""
    found: list[list[Any]] = []
    traceback = BaseException.__dict__["__traceback__"].__get__(error)
    while traceback is not None:
        frame = traceback.tb_frame
        code, module = frame.f_code, str(frame.f_globals.get("__name__", ""))
        if not module.startswith("unspan_") and project.placed(code.co_filename)[0]:
            found.append([f"{module}.{code.co_qualname}", code.co_filename, traceback.tb_lineno])
        traceback = traceback.tb_next
    return found[-MAX_FRAMES:]


def project_of(settings: Any) -> Project:
    """The project's folders, as the recorder of calls finds them too."""
    from django.conf import settings as django_settings

    folders = roots(getattr(django_settings, "SETTINGS_MODULE", None), sys.argv, getattr(django_settings, "BASE_DIR", None))
    return Project(folders, settings.include, settings.exclude)
