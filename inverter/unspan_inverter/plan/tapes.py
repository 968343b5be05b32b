"""Randomness in the test: the recorded values, handed out again in their order, under the names by which the request asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final
from uuid import UUID

from unspan_proto.values import Derived, ModelRef, bare, lossy

from unspan_inverter.events import Exchange, TapeRead
from unspan_inverter.facts import Facts, Key
from unspan_inverter.facts.parents import elsewhere
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.expressions import (
    Assign,
    Attr,
    Call,
    Context,
    Format,
    Function,
    Import,
    Item,
    Name,
    Statement,
    call,
    method,
    text,
)
from unspan_inverter.plan.packed import unpacked
from unspan_inverter.plan.readings import own

REPLAYED: Final = ("random.", "uuid.", "secrets.", "os.urandom", "django.utils.crypto.get_random_string")
SHARED: Final = "secrets.choice"
"""Django itself asks it for the keys of sessions, after the view."""
SHORTEST: Final = 6
"""Texts shorter than this are no tokens: they may stand for something else where they stand again."""
LONGEST: Final = 300
"""Texts longer than this are left as they are recorded, whatever token stands in them."""
PATCH: Final = Attr(Import("unittest", "mock"), "patch")
IN_ORDER: Final = '''
def in_order(*orders):
    """Stands in for `shuffle`: puts the items into one order after the other."""
    waiting = iter(orders)

    def shuffle(items):
        items[:] = [items[position] for position in next(waiting)]

    return shuffle
'''


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one source under one name, or of one column's default."""

    place: str
    column: str
    tapes: tuple[TapeRead, ...]

    @property
    def shuffles(self) -> bool:
        return self.tapes[0].source.endswith(".shuffle")


@dataclass(frozen=True, slots=True)
class Randomness:
    """What is handed out again, and its texts: `names` has a variable for those that the assertions speak of."""

    groups: tuple[Group, ...]
    texts: frozenset[str] = frozenset()

    @property
    def functions(self) -> tuple[str, ...]:
        return (IN_ORDER,) if any(group.shuffles and not group.column for group in self.groups) else ()


def randomness(facts: Facts, exchange: Exchange, bindings: Bindings) -> Randomness:
    """All that the project's own code was given, and of what libraries and columns were given that which the answer shows."""
    seen: dict[tuple[str, str], list[TapeRead]] = {}
    for tape in facts.tapes:
        place = tape.source if tape.looked_up is None else tape.looked_up
        if tape.source.startswith(REPLAYED) and (place or tape.default_of):
            seen.setdefault(("", tape.default_of) if tape.default_of else (place, ""), []).append(tape)
    left = shown(facts, exchange)
    groups = [Group(place, column, tuple(some)) for (place, column), some in seen.items() if wanted(some, column, left, bindings)]
    found = tuple(group for group in groups if replayable(group, bindings))
    bindings.keep(str(value) for group in found for tape in group.tapes if isinstance(value := bare(tape.value), int))
    return Randomness(found, frozenset(form for group in found for form in forms(group)))


def shown(facts: Facts, exchange: Exchange) -> str:
    """What the request answered, sent and put into the session, as one text."""
    sent = [str(bare(dict(mail.message))) for mail in facts.mails] + [f"{one.url} {one.body!r}" for one in facts.services]
    before = exchange.session or {}
    kept = [str(bare(value)) for name, value in (exchange.session_after or {}).items() if before.get(name) != value]
    return unpacked("\n".join([exchange.text, *(value for _, value in exchange.response_headers), str(exchange.cookies), *sent, *kept]))


def drawn(facts: Facts) -> frozenset[str]:
    """The texts of all random values that were given, to whomsoever."""
    return frozenset(form for tape in facts.tapes if tape.source.startswith(REPLAYED) for form in spellings(bare(tape.value)))


def wanted(tapes: Sequence[TapeRead], column: str, left: str, bindings: Bindings) -> bool:
    """A column's key is no matter of its own: the row that has it is looked up by something else."""
    label, _, attname = column.rpartition(".")
    model = bindings.project.model(label) if column else None
    if model is not None and (model.pk == attname):
        return False
    return any(own(tape) for tape in tapes) or any(form in left for tape in tapes for form in spellings(bare(tape.value)))


def replayable(group: Group, bindings: Bindings) -> bool:
    if group.shuffles:
        return all(tape.positions is not None for tape in group.tapes)
    chosen = len(group.tapes) == 1 and group.place.endswith(".choice") and group.tapes[0].positions is not None
    return chosen or all(known(tape.value, bindings) for tape in group.tapes)


def known(value: Any, bindings: Bindings) -> bool:
    """Whether the test can make the value: a row has to be one that it has."""
    if isinstance(value, ModelRef):
        return row_of(value, bindings) in bindings.names
    if isinstance(value, (list, tuple)):
        return all(known(item, bindings) for item in value)
    return not isinstance(value, Derived) and not lossy(value)


def row_of(value: ModelRef, bindings: Bindings) -> Key:
    return elsewhere(Key(value.label, bare(value.pk)), bindings.names, bindings.project)


def made(value: Any, bindings: Bindings) -> Any:
    if isinstance(value, ModelRef):
        return bindings.row(row_of(value, bindings))
    if isinstance(value, (list, tuple)):
        return type(value)(made(item, bindings) for item in value)
    return value


def spellings(value: Any) -> list[str]:
    """The texts in which a token is written; one of letters that were drawn at once, as these in a row."""
    if isinstance(value, UUID):
        return [str(value), value.hex]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "".join(value)
    return [value] if isinstance(value, str) and len(value) >= SHORTEST else []


def forms(group: Group) -> Iterator[str]:
    values = [bare(tape.value) for tape in group.tapes]
    for value in values:
        yield from spellings(value)
    joined = "".join(value for value in values if isinstance(value, str))
    if len(joined) >= SHORTEST:
        yield joined


def variables(found: Randomness, asserts: Sequence[Statement], taken: frozenset[str]) -> dict[Any, Name]:
    """A variable for each token that the assertions speak of."""
    names: dict[Any, Name] = {}
    told = list(literals(list(asserts)))
    for group in found.groups:
        if group.tapes[0].source.startswith("random."):  # chosen of what there is, not made
            continue
        stem = identifier(group)
        for value in dict.fromkeys(
            value for tape in group.tapes if isinstance(value := bare(tape.value), (str, UUID)) and spellings(value)
        ):
            if value in names or not any(value == one or (isinstance(one, str) and mentioned(value, one)) for one in told):
                continue
            used = {*taken, *(name.id for name in names.values())}
            names[value] = Name(next(name for n in range(1, 1000) if (name := stem if n == 1 else f"{stem}{n}") not in used))
    return names


def identifier(group: Group) -> str:
    return group.column.rpartition(".")[2] or "token"


def mentioned(value: Any, one: str) -> bool:
    return any(form in one and fits(one, form) for form in spellings(value))


def fits(literal: str, form: str) -> bool:
    """Whether a text with a token in it reads better by the token's variable."""
    return len(literal) <= max(LONGEST, 2 * len(form))


def literals(part: Any) -> Iterator[Any]:
    """The texts and UUIDs in statements and expressions."""
    if isinstance(part, (str, UUID)):
        yield part
    elif isinstance(part, dict):
        yield from (found for item in part.values() for found in literals(item))
    elif isinstance(part, (list, tuple)):
        yield from (found for item in part for found in literals(item))
    elif is_dataclass(part):
        yield from (found for one in fields(part) for found in literals(getattr(part, one.name)))


def speaking(part: Any, names: dict[Any, Name]) -> Any:
    """Statements and expressions with the variables in the place of what they hold."""
    if isinstance(part, UUID):
        return names.get(part, part)
    if isinstance(part, str):
        return spoken(part, names)
    if isinstance(part, dict):
        return {key: speaking(item, names) for key, item in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(speaking(item, names) for item in part)
    if isinstance(part, Format):
        return text([speaking(one, names) for one in part.parts])
    if is_dataclass(part) and not isinstance(part, (type, Name, Import)):
        kept = {"name", "id", "kind", "note", "shape", "names", "module"}
        return replace(part, **{one.name: speaking(getattr(part, one.name), names) for one in fields(part) if one.name not in kept})
    return part


def spoken(literal: str, names: dict[Any, Name]) -> Any:
    """A text in which tokens stand: as an f-string, or the variable alone."""
    parts: list[Any] = [literal]
    for value, name in names.items():
        for form in (one for one in spellings(value) if fits(literal, one)):
            expression: Any = name if isinstance(value, str) or form != value.hex else Attr(name, "hex")
            parts = [piece for part in parts for piece in (cut(part, form, expression) if isinstance(part, str) else [part])]
    if len(parts) == 1:
        return (
            parts[0]
            if isinstance(parts[0], (str, Attr)) or isinstance(next(v for v, n in names.items() if n == parts[0]), str)
            else call(Name("str"), parts[0])
        )
    return text(parts)


def cut(part: str, form: str, expression: Any) -> list[Any]:
    found: list[Any] = []
    for n, piece in enumerate(part.split(form)):
        found += [expression] if n else []
        found += [piece] if piece else []
    return found or [part]


def arranged(names: dict[Any, Name]) -> list[Statement]:
    return [Assign(name, value) for value, name in names.items()]


def contexts(found: Randomness, bindings: Bindings, names: dict[Any, Name]) -> Iterator[Context]:
    """One patch a group, with its values in order."""
    for group in found.groups:
        how = returned(group, bindings, names)
        if group.column:
            label, _, attname = group.column.rpartition(".")
            model = bindings.project.model(label)
            if model is not None:
                column = method(Attr(Import(model.module, model.name), "_meta"), "get_field", attname)
                yield Context(Call(Attr(PATCH, "object"), (column, "get_default"), (how,)))
        else:
            yield Context(Call(PATCH, (group.place,), (how,)))


def returned(group: Group, bindings: Bindings, names: dict[Any, Name]) -> tuple[str, Any]:
    """`return_value` for a single value, `side_effect` for several."""
    first = group.tapes[0]
    if group.shuffles:
        return "side_effect", call(Name("in_order"), *(list(tape.positions or ()) for tape in group.tapes))
    if not all(known(tape.value, bindings) for tape in group.tapes):
        return "side_effect", Function("items", Item(Name("items"), (first.positions or (0,))[0]))
    values = [
        names.get(value, value) if isinstance(value, (str, UUID)) else value
        for value in (made(tape.value, bindings) for tape in group.tapes)
    ]
    if len(values) == 1:
        return "return_value", values[0]
    letters = [value for value in values if isinstance(value, str) and len(value) == 1]
    several: Any = "".join(letters) if len(letters) == len(values) else values
    if group.place == SHARED:
        several = call(Import("itertools", "chain"), several, call(Import("itertools", "repeat"), values[-1]))
    return "side_effect", several
