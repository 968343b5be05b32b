"""Passwords that were checked: so that the substitute of a password opens what is stored in the place of its hash."""

import sys
from typing import Any, Final

from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, current
from unspan_instrumentation.records import Verified

HASHERS: Final = (
    "PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptSHA256PasswordHasher", "BCryptPasswordHasher", "ScryptPasswordHasher",
    "MD5PasswordHasher", "SHA1PasswordHasher",
)  # fmt: skip


def watch(module: Any) -> None:
    """For `django.contrib.auth.hashers`: only Django's own, whose code is known."""
    for name in HASHERS:
        if (kind := getattr(module, name, None)) is not None:
            around(kind, "verify", verify)


def verify(original: Any, hasher: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    right = original(hasher, *args, **kwargs)
    recording = current()
    if right is True and recording is not None:
        given = dict(zip(("password", "encoded"), args, strict=False)) | kwargs
        quietly(recording, "a password", noted, recording, given.get("password"), given.get("encoded"))
    return right


def noted(recording: Recording, password: Any, encoded: Any) -> None:
    if type(password) is str and type(encoded) is str:
        recording.sink(Verified(recording.trace_id, password, encoded))


def hashed(password: str, like: str) -> str | None:
    """The hash of a password with the algorithm, the effort and the salt of another; None where that cannot be told."""
    module: Any = sys.modules.get("django.contrib.auth.hashers")
    try:
        hasher = module.identify_hasher(like)
        if type(hasher).__module__ != "django.contrib.auth.hashers":
            return None
        return with_salt(hasher, password, like)
    except Exception:  # a library that is missing, a hasher that is not configured
        return None


def with_salt(hasher: Any, password: str, like: str) -> str | None:
    known = hasher.decode(like)
    name = type(hasher).__name__
    if name.startswith("PBKDF2"):
        return str(hasher.encode(password, known["salt"], known["iterations"]))
    if name.startswith("BCrypt"):
        salt = sys.modules["bcrypt"].gensalt(known["work_factor"])  # the hasher that verified has imported it
        return str(hasher.encode(password, salt))
    if name.startswith("Scrypt"):
        return str(hasher.encode(password, known["salt"], known["work_factor"], known["block_size"], known["parallelism"]))
    return str(hasher.encode(password, known["salt"] if isinstance(known["salt"], str) else hasher.salt()))
