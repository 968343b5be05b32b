"""What a function's code reads of a request: the names after `request.` and `self.request.`, found in its bytecode once, before it runs."""

import dis
from collections.abc import Iterator
from types import CodeType
from typing import Final

REQUEST: Final = "request"
MESSAGES: Final = frozenset({"add_message", "debug", "error", "info", "success", "warning"})
"""Functions of `django.contrib.messages` that add one."""
MOST: Final = 100


def asked_of_request(code: CodeType) -> tuple[str, ...]:
    """The attributes that the function's own code, or a function inside it, reads of a request; `_messages` where it adds a message."""
    found: dict[str, None] = {}
    todo = [code]
    while todo:
        one = todo.pop()
        if REQUEST in one.co_varnames or REQUEST in one.co_names or REQUEST in one.co_freevars:
            found.update(dict.fromkeys(read(one)))
            if "messages" in one.co_names and not MESSAGES.isdisjoint(one.co_names):
                found["_messages"] = None
        todo += (value for value in one.co_consts if type(value) is CodeType)
    return tuple(sorted(found)[:MOST])


def read(code: CodeType) -> Iterator[str]:
    """The names of attributes that are loaded right after something called `request`."""
    before = False
    for step in dis.get_instructions(code):
        name = step.argval
        if before and step.opname in ("LOAD_ATTR", "LOAD_METHOD") and type(name) is str:
            yield name
        last = name[-1] if type(name) is tuple and name else name  # two variables are loaded by one instruction on 3.13
        if step.opname not in ("CACHE", "EXTENDED_ARG"):
            before = last == REQUEST and step.opname.startswith("LOAD_")
