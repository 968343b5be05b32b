"""Numbers that are a time: seconds since 1970, or finer, as names of files and keys bear them."""

import re
from typing import Final

from unspan_inverter.events import Exchange

EPOCH: Final = re.compile(r"(?<!\d)\d{10}(?:\d{3}){0,3}(?!\d)")
"""Seconds, milliseconds, microseconds or nanoseconds."""
SPARE: Final = 1
"""Seconds that a rounded time may lie beside the request."""


def numbers_the_time(text: str, exchange: Exchange) -> bool:
    """Whether a number in a text is a time of the request itself, which it is not in the test."""
    began, ended = exchange.began / 1e9 - SPARE, exchange.ended / 1e9 + SPARE
    return any(began <= int(digits) / 10 ** (len(digits) - 10) <= ended for digits in EPOCH.findall(text))
