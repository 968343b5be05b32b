"""Keyed digests (HMAC) that a header of the request bears: by these an application checks that a webhook comes from whom it says.

What was signed is recorded, and the name of the setting that holds the key: never the key, which is a secret. Not seen: a digest whose message comes
later, by `update`.
"""

import base64
import functools
import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.freezing import freeze
from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, current, now

MOST_BYTES: Final = 1 << 20
"""Bytes of a message; nobody signs larger ones in one piece."""
BYTES: Final = (bytes, bytearray)


def wrapped(original: Callable[..., Any], taken: Callable[[Any], bytes]) -> Callable[..., Any]:
    """The same function, which also records. `taken`: the digest, of what it returned."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        recording = current()
        if recording is not None and recording.exchange is not None and not recording.closed:
            quietly(recording, "a keyed digest", noted, recording, taken, result, args, kwargs)
        return result

    call.__unspan__ = True  # type: ignore[attr-defined]
    return call


def noted(recording: Recording, taken: Callable[[Any], bytes], result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    given = dict(zip(("key", "msg", "digestmod"), args, strict=False)) | kwargs
    key, message, algorithm = given.get("key"), given.get("msg"), named(given.get("digestmod", given.get("digest")))
    if not isinstance(key, BYTES) or not isinstance(message, BYTES) or not message or len(message) > MOST_BYTES or not algorithm:
        return
    digest = taken(result)
    if not borne(recording.exchange.attributes.get(v.REQUEST_HEADERS, ()), digest):
        return
    found = {v.DIGEST_ALGORITHM: algorithm, v.DIGEST_MESSAGE: freeze(bytes(message)), v.DIGEST_VALUE: digest.hex()}
    place, at = setting(bytes(key)), now()
    recording.emit(v.DIGEST, f"digest {algorithm}", at, at, found | ({v.DIGEST_KEY: place} if place else {}))


def borne(headers: Any, digest: bytes) -> bool:
    """Whether a header bears it, as digits or in base64."""
    forms = (digest.hex(), base64.b64encode(digest).decode(), base64.urlsafe_b64encode(digest).decode().rstrip("="))
    return any(form in value for _, value in headers for form in forms)


def named(algorithm: Any) -> str:
    """The name of a hash function, given by name, or as the constructor or the module that has it; empty for any other."""
    if type(algorithm) is str:
        return algorithm.lower()
    name = getattr(algorithm, "__name__", "") if callable(algorithm) or type(algorithm) is type(hmac) else ""
    return name.removeprefix("openssl_").lower() if type(name) is str else ""


def setting(key: bytes) -> str:
    """The name of the setting that holds this key; empty where there is none."""
    from django.conf import settings  # in the user's process Django comes when the application brings it

    held = vars(settings).get("_wrapped") if settings.configured else None
    values = object.__getattribute__(held, "__dict__") if held is not None else {}
    return next((name for name, value in texts(values) if same(value, key)), "")


def texts(values: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, str | bytes]]:
    """The texts among settings, and those in dicts that are settings, by their names."""
    for name, value in list(values.items()):
        if type(name) is not str or "." in name or not (before or name.isupper()):
            continue
        if type(value) in (str, bytes):
            yield before + name, value
        elif type(value) is dict and not before:
            yield from texts(value, f"{name}.")


def same(value: str | bytes, key: bytes) -> bool:
    if isinstance(value, str) and not len(value) <= len(key) <= 4 * len(value):
        return False
    return bool(key) and hmac.compare_digest(value.encode("utf-8", "replace") if isinstance(value, str) else value, key)


def of_object(result: Any) -> bytes:
    return bytes(result.copy().digest())


def patch(module: Any) -> None:
    """For `hmac`."""
    for name, taken in (("new", of_object), ("digest", bytes)):
        original = getattr(module, name, None)
        if original is not None and not getattr(original, "__unspan__", False):
            setattr(module, name, wrapped(original, taken))


PATCHES: Final[tuple[tuple[str, Callable[[Any], None]], ...]] = (("hmac", patch),)
"""Module and what to do with it once it is imported."""
