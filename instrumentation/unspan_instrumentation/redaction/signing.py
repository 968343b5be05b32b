"""What the application signed with its own key: its substitute says the same, and a test can sign it again.

Of Django's signers only what they verified is known, since each has a salt; a JSON web token is tried with the keys in the project's settings.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from json import loads
from typing import Any, Final

from unspan_instrumentation.patching import around, quietly
from unspan_instrumentation.recording import Recording, current
from unspan_instrumentation.records import Signed
from unspan_instrumentation.redaction.leaves import claims_of

DIGESTS: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def watch(module: Any) -> None:
    """For `django.core.signing`."""
    around(module.Signer, "unsign", unsign)


def unsign(original: Any, signer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    found = original(signer, *args, **kwargs)
    recording = current()
    if recording is not None and type(signer).__module__ == "django.core.signing" and args and type(args[0]) is str:
        quietly(recording, "a signature", noted, recording, signer.__dict__, args[0])
    return found


def noted(recording: Recording, known: Mapping[str, Any], text: str) -> None:
    kind = kind_of(known.get("key"))
    if kind and known.get("sep") == ":" and known.get("algorithm") == "sha256" and type(known.get("salt")) is str:
        recording.sink(Signed(recording.trace_id, text, f"{kind} {known['salt']}"))


def kind_of(key: Any) -> str:
    """Whose key it is, where a test's project has the same: that of signers, or of signed cookies. Nothing for others."""
    from django.conf import settings

    secret = settings.SECRET_KEY
    if type(secret) is not str or type(key) not in (str, bytes):
        return "django" if key is secret else ""
    given = key.encode() if type(key) is str else key
    return {secret.encode(): "django", b"django.http.cookies" + secret.encode(): "cookie"}.get(given, "")


def key_of(token: str, known: Mapping[str, str]) -> str:
    """`jwt ALGORITHM settings.NAME` for a token that one of the known secrets signed; `known` has the names of secrets. Nothing where none did."""
    said, _, signature = token.rpartition(".")
    try:
        digest = DIGESTS[loads(claims_of(token.partition(".")[0]))["alg"]]
    except (ValueError, KeyError, TypeError):
        return ""
    for secret, name in known.items():
        made = urlsafe_b64encode(hmac.digest(secret.encode(), said.encode(), digest)).rstrip(b"=").decode()
        if hmac.compare_digest(made, signature):
            return f"jwt {digest} {name}"
    return ""
