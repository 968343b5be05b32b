"""A program: a schema, the rows that are there, and what a request does with them. Drawn from a number, written as a view."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from . import rows, schemas, statements
from .rows import Row
from .schemas import Model, Schema
from .statements import Scene, Statement

FILLED: Final = ("created", "changed", "seen", "random")
ANSWERS: Final = ("everything", "contents", "nothing")


@dataclass(frozen=True, slots=True)
class Program:
    """`asked`: rows that the request names by key, parameter → row; `answers`: what the response shows of what was read."""

    name: str
    schema: Schema
    rows: tuple[Row, ...]
    statements: tuple[Statement, ...]
    asked: tuple[tuple[str, str], ...]
    answers: str

    @property
    def hidden(self) -> frozenset[str]:
        """Columns that fill themselves and whose values the response does not show."""
        if self.answers != "nothing":
            return frozenset()
        return frozenset(one.name for model in self.schema.models for one in model.columns if one.kind in FILLED)

    def view(self) -> Iterator[str]:
        yield f"def {self.name}(request):"
        yield f"    note = Notes({self.answers!r})"
        for one in self.statements:
            yield from one.source(1)
        yield "    return note.response()"

    def made(self) -> Iterator[str]:
        """The function that makes its rows, and gives the query string that names some."""
        yield f"def {self.name}():"
        for row in self.rows:
            yield from (f"    {line}" for line in row.lines())
        for row in self.rows:
            yield from (f"    {line}" for line in row.after)
        made = {row.name: self.schema.byname[row.model] for row in self.rows}
        shown = [one for name, row in self.asked if row in made for one in parameters(name, row, made[row])]
        yield f"    return urlencode({{{', '.join(shown)}}})"


def parameters(name: str, row: str, model: Model) -> list[str]:
    """What a request says of a row's key: of one of two columns, each by itself."""
    return [f"'{name}_{at}': {row}.pk[{at}]" for at in range(2)] if model.pair else [f"{name!r}: {row}.pk"]


def drawn(name: str, schema: Schema, seed: str) -> Program:
    rng = Random(seed)
    some = rows.drawn(rng, schema)
    scene = Scene(rng, schema, some, {})
    body = statements.drawn(scene)
    return Program(name, schema, some, body, tuple((name, row.name) for name, row in scene.asked.items()), rng.choice(ANSWERS))


def batch(count: int, seed: int, vendor: str, django: tuple[int, int], apiece: int = 10) -> list[Program]:
    """Programs 0 to `count` of a seed: some share a schema. A program is the same in a batch of any size."""
    found: list[Program] = []
    for lab in range(-(-count // apiece)):
        schema = schemas.drawn(Random(f"{seed}/{lab}"), f"lab{lab}", vendor, django)
        for number in range(lab * apiece, min(count, (lab + 1) * apiece)):
            found.append(drawn(f"program_{number}", schema, f"{seed}/{number}"))
    return found
