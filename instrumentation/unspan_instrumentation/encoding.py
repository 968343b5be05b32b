"""The text of a frozen value, as `unspan_proto.values.encode` gives it, only faster for what needs no tag."""

import json
from typing import Any, Final

from unspan_proto.values import SAFE_INT, encode

WRITE: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
INFINITY: Final = float("inf")


def encoded(value: Any) -> bytes:
    """`value` as the UTF-8 bytes of one line of JSON. Never raises for a value's content."""
    if plain(value):
        try:
            return WRITE(value).encode()
        except (UnicodeEncodeError, RecursionError):
            pass
    return encode(value).encode()


def plain(value: Any) -> bool:
    """Whether JSON's own types carry all of `value`."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -SAFE_INT < value < SAFE_INT
    if kind is float:
        return -INFINITY < value < INFINITY
    if kind is dict:
        return "$" not in value and all(type(key) is str for key in value) and all(map(plain, value.values()))
    return kind is list and all(map(plain, value))
