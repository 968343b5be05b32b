"""Exceptions of the standard library that a client let through, made again in a test."""

import re
from collections.abc import Mapping
from typing import Any, Final

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Import, Name
from unspan_inverter.plan.services.kinds import last_name

BUILT_IN: Final = (
    "ConnectionRefusedError", "ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError", "ConnectionError", "TimeoutError", "OSError",
)  # fmt: skip
ELSEWHERE: Final[Mapping[str, Any]] = {
    "gaierror": Attr(Import("socket"), "gaierror"),
    "SSLCertVerificationError": Attr(Import("ssl"), "SSLCertVerificationError"),
    "SSLError": Attr(Import("ssl"), "SSLError"),
    "RemoteDisconnected": Attr(Import("http.client"), "RemoteDisconnected"),
    "BadStatusLine": Attr(Import("http.client"), "BadStatusLine"),
}
ERRNO: Final = re.compile(r"(\d{1,4}), (.*)", re.DOTALL)
"""How the message of an OSError with a number is recorded."""


def known(one: HttpAnswered) -> bool:
    return last_name(one.error) in BUILT_IN or last_name(one.error) in ELSEWHERE


def failure(one: HttpAnswered) -> Call:
    """The exception; one that is not known, as a failed connection."""
    name = last_name(one.error)
    kind = ELSEWHERE.get(name) or Name(name if name in BUILT_IN else "ConnectionError")
    numbered = ERRNO.fullmatch(one.error_message)
    said = (int(numbered[1]), numbered[2]) if numbered else (one.error_message or "recorded",)
    return Call(kind, said)
