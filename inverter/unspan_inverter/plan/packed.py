"""JSON that a text carries in base64: the claims of a JWT, what Django signed. Keys and times in there count like those in plain sight."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any, Final

PACKED: Final = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,8000}")
"""An object's `{"` in base64 is `eyJ`."""
DATED: Final = ("exp", "nbf")
"""Claims by which a token is refused too late or too early (RFC 7519)."""


def documents(said: str) -> Iterator[dict[str, Any]]:
    """The objects that are packed into a text."""
    for found in PACKED.finditer(said):
        try:
            document = json.loads(urlsafe_b64decode(found[0] + "=" * (-len(found[0]) % 4)))
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            yield document


def unpacked(said: str) -> str:
    """The text and, after it, what is packed into it."""
    return "\n".join([said, *(json.dumps(document) for document in documents(said))]) if "eyJ" in said else said


def expires(said: str) -> bool:
    """Whether a token in the text is good for a time only."""
    return any(isinstance(document.get(claim), (int, float)) for document in documents(said) for claim in DATED)
