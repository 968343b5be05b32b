"""Rows of one model that are made one after the other without saving them, as one `bulk_create`: `ann, bob = User.objects.bulk_create([…])`; likewise those
to which nobody refers."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from unspan_inverter.plan.expressions import Assign, Attr, Call, Do, Name, pieces

MOST: Final = 4
"""Variables before one equals sign: of more, a reader would have to count."""


def abreast(statements: Iterable[Any]) -> list[Any]:
    """The statements, such rows together where none of them speaks of another."""
    found: list[Any] = []
    for one in statements:
        if found and nameless(found[-1], one):
            rows = [*found.pop().value.args[0], *one.value.args[0]]
            one = replace(one, value=replace(one.value, args=(rows,)), note="", row=None)
        elif found and together(found[-1], one):
            first: Assign = found.pop()
            rows = [*first.value.args[0], *one.value.args[0]]
            one = replace(first, value=replace(first.value, args=(rows,)), others=(*first.others, one.target))
        found.append(one)
    return found


def nameless(first: Any, one: Any) -> bool:
    """Whether both make rows at once, none with a variable."""
    both = isinstance(first, Do) and isinstance(one, Do) and not first.note and not one.note
    if not both or not isinstance(first.value, Call) or not isinstance(one.value, Call) or first.value.function != one.value.function:
        return False
    function = one.value.function
    return (
        isinstance(function, Attr)
        and function.name == "bulk_create"
        and first.value.kwargs == one.value.kwargs
        and len(one.value.args) == 1
    )


def together(first: Any, one: Any) -> bool:
    if not isinstance(first, Assign) or not isinstance(one, Assign) or first.shape != "only" or one.shape != "only" or one.note:
        return False
    if not isinstance(first.value, Call) or not isinstance(one.value, Call) or first.value.function != one.value.function:
        return False
    before = {first.target.id, *(other.id for other in first.others)}
    return len(before) < MOST and not any(isinstance(part, Name) and part.id in before for part in pieces(one.value))
