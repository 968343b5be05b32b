"""Other values for a column than the one that was asked for, the most natural first."""

import re
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from unspan_proto.project import Field, Model

from unspan_inverter.facts import parents
from unspan_inverter.facts.decoys.known import TEXTS

DAY: Final = timedelta(days=1)


def variants(one: Field, model: Model, values: tuple[Any, ...], number: int) -> Iterator[Any]:
    """Values that the column takes and that differ from each of `values`: what a row held, and what it was compared with."""
    some = [value for value in values if value is not None]
    made = [other for value in some for other in beside(value, one, model, number)]
    if one.choices:
        made = [choice for choice in one.choices if choice not in ("", None)]
    if not some and not one.choices and (stand_in := parents.stand_in(one, number)) is not None:
        made.append(stand_in)
    seen: list[Any] = []
    for value in made:
        if value not in values and value not in seen and accepted(value, one):
            seen.append(value)
            yield value
    if one.null and None not in values:
        yield None


def beside(value: Any, one: Field, model: Model, number: int) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float, Decimal)):
        yield from (value + number, value - number)
    elif isinstance(value, (datetime, date, timedelta)):
        yield from (value + DAY, value - DAY)
    elif isinstance(value, uuid.UUID):
        yield uuid.UUID(int=number)
    elif isinstance(value, str) and one.type in TEXTS:
        yield another(value, model, number)
        yield text(model, number)
        yield "-" * number


def another(value: str, model: Model, number: int) -> str:
    """A text of the same kind: one word stays one, and an address stays one."""
    if re.fullmatch(r"[\w.@+-]{1,40}", value):
        return f"other-{value}" if number == 1 else f"other-{number}-{value}"
    return text(model, number)


def text(model: Model, number: int) -> str:
    """“Another todo”, of class Todo."""
    noun = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", model.name).lower()
    return f"Another {noun}" if number == 1 else f"Another {noun} {number}"


def accepted(value: Any, one: Field) -> bool:
    if isinstance(value, str) and one.max_length is not None and len(value) > one.max_length:
        return False
    if isinstance(value, Decimal) and one.max_digits is not None:
        return len(value.as_tuple().digits) <= one.max_digits
    return not (one.type.startswith("Positive") and isinstance(value, (int, float)) and value < 0)
