"""What a record says of an exception, without running code of the exception's class."""

from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

MESSAGE = 2_000
"""Characters of a message that are kept."""


def exception(error: BaseException | None) -> dict[str, Any]:
    """Attributes for the exception: its type, and its message as far as its arguments are plain. Empty for none."""
    if error is None:
        return {}
    arguments = BaseException.__dict__["args"].__get__(error)
    message = ", ".join(str(part) for part in arguments if type(part) in (str, int))
    return {v.EXCEPTION_TYPE: type_name(type(error)), v.EXCEPTION_MESSAGE: message[:MESSAGE]}
