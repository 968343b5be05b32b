"""What a record says of an exception, without running code of the exception's class."""

from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.values import type_name

MESSAGE = 2_000
"""Characters of a message that are kept."""


PLAIN = (str, int, float, bool, type(None))


def exception(error: BaseException | None) -> dict[str, Any]:
    """Attributes for the exception: its type, and its message as far as its arguments are plain. Empty for none."""
    if error is None:
        return {}
    return {v.EXCEPTION_TYPE: type_name(type(error)), v.EXCEPTION_MESSAGE: message(error)[:MESSAGE]}


def message(error: BaseException) -> str:
    """What `str` gives, where only code of Python's own says it; else the arguments that are plain."""
    arguments = BaseException.__dict__["args"].__get__(error)
    says = said_by(type(error))
    if all(type(part) in PLAIN for part in arguments) and (says is BaseException.__str__ or says is KeyError.__str__):
        return says(error)
    return ", ".join(str(part) for part in arguments if type(part) in (str, int))


def said_by(kind: type) -> Any:
    """The `__str__` of a class, whatever its metaclass says."""
    classes = type.__dict__["__mro__"].__get__(kind)
    return next((found for cls in classes if (found := type.__dict__["__dict__"].__get__(cls).get("__str__")) is not None), None)
