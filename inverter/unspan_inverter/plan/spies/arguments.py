"""What a task was given, as a test expects it: rows that it means by their keys, in the test's own keys."""

from collections.abc import Iterator
from typing import Any

from unspan_proto.values import Derived, bare, lossy

from unspan_inverter.events import TaskHanded
from unspan_inverter.plan import spoken
from unspan_inverter.plan.answering import Answer, born_keys
from unspan_inverter.plan.bindings import ANY, Bindings, as_same_type, literals, plain_key
from unspan_inverter.plan.names import words


def told(task: TaskHanded, answer: Answer) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments by position and by name."""
    args, kwargs = task.arguments
    called = [*task.parameters, *[""] * len(args)]
    subject = words(task.name.rpartition(".")[2])
    return (
        tuple(argument(name, value, subject, answer) for name, value in zip(called, args, strict=False)),
        {name: argument(name, value, subject, answer) for name, value in kwargs.items()},
    )


def argument(name: str, value: Any, subject: list[str], answer: Answer) -> Any:
    """One argument. A number that is a new row's key is that row's where its name says so, or no other row has this key."""
    bindings = answer.bindings
    if isinstance(value, dict):
        return {key: argument(str(key), item, subject, answer) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not lossy(value):
        return [argument(name.removesuffix("s"), item, subject, answer) for item in value]
    plain = bare(value.value if isinstance(value, Derived) else value)
    if lossy(value) or not literal(plain):
        return ANY
    for key in means(name, plain, subject, bindings):
        return as_same_type(bindings.pk(key), plain)
    if isinstance(plain, (int, str)) and not isinstance(plain, bool) and plain_key(plain) in born_keys(answer):
        return ANY
    bindings.keep(literals(plain))
    return spoken.bound(plain, bindings) if isinstance(plain, str) and not plain.isdecimal() else plain


def literal(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, bytes)) or type(value).__module__ in ("datetime", "decimal", "uuid")


def means(name: str, value: Any, subject: list[str], bindings: Bindings) -> Iterator[Any]:
    """The row that an argument means by its key, if any."""
    if isinstance(value, bool) or value in (None, ""):
        return
    found = bindings.candidates(value)
    born = {row.key for row in bindings.facts.born}
    yield from (key for key in found if bindings.suits(name, key.label) or spoken.name(key) in subject)
    yield from (
        key for key in found if len(found) == 1 and key in born and name.lower() in ("", "pk", "id", "key", "object_id", "instance_id")
    )
