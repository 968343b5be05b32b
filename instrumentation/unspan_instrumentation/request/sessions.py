"""The session and its user as they were when the request came in: noted when the application itself loads them, never before."""

from functools import wraps
from typing import Any

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import current


def watch_sessions(module: Any) -> None:
    """`SessionBase` loads its content when it is first asked."""
    base = module.SessionBase
    load = base._get_session

    @wraps(load)
    def _get_session(store: Any, no_load: bool = False) -> Any:
        fresh = "_session_cache" not in store.__dict__
        content = load(store, no_load)
        if fresh and not no_load:
            session(store, content)
        return content

    base._get_session = _get_session
    base._session = property(_get_session)
    if aload := getattr(base, "_aget_session", None):

        @wraps(aload)
        async def _aget_session(store: Any, no_load: bool = False) -> Any:
            fresh = "_session_cache" not in store.__dict__
            content = await aload(store, no_load)
            if fresh and not no_load:
                session(store, content)
            return content

        base._aget_session = _aget_session


def watch_users(module: Any) -> None:
    """`django.contrib.auth.get_user` finds the user that the session names."""
    find = module.get_user

    @wraps(find)
    def get_user(request: Any) -> Any:
        user = find(request)
        found(user)
        return user

    module.get_user = get_user
    if afind := getattr(module, "aget_user", None):

        @wraps(afind)
        async def aget_user(request: Any) -> Any:
            user = await afind(request)
            found(user)
            return user

        module.aget_user = aget_user


def session(store: Any, content: Any) -> None:
    recording = current()
    if recording is not None and recording.exchange is not None:
        quietly(recording, "the session", recording.exchange.loaded_session, store, content)


def found(user: Any) -> None:
    recording = current()
    if recording is not None and recording.exchange is not None:
        quietly(recording, "the user", recording.exchange.loaded_user, user)
