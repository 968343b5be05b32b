"""Rows as they were at a moment, taken from queries of ours, each once a trace: the first image is the one from before."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from unspan_proto import vocabulary as v

from unspan_instrumentation.lineage.cells import kept
from unspan_instrumentation.lineage.fetching import Question, Stopwatch, fetched
from unspan_instrumentation.lineage.rewriting import Query
from unspan_instrumentation.lineage.schema import Model, Tables, tables
from unspan_instrumentation.settings import active
from unspan_instrumentation.sql.limits import CELL, weigh

BOUND: Final = 1_000
"""Rows of one query."""
MOST_ROWS: Final = 5_000
MOST_BYTES: Final = active().max_row_bytes
MOST_SECONDS: Final = active().lineage_seconds
"""Of one trace, all three."""
AT_ONCE, HEAVY = 500, 50
"""Keys in one query, and rows where they may be of any size."""


class Images:
    """The images of one recording, and what they have cost."""

    def __init__(self) -> None:
        self.known: set[tuple[str, str, str]] = set()
        """Alias, table and key of the rows that the trace holds whole."""
        self.pointing: dict[str, list[tuple[Model, list[Any]]]] = {}
        """Alias → images whose foreign keys have not been followed yet."""
        self.rows, self.bytes, self.watch = 0, 0, Stopwatch()

    @property
    def exhausted(self) -> str:
        """Which bound was reached; empty as long as none was."""
        if self.watch.seconds >= MOST_SECONDS:
            return f"UNSPAN_LINEAGE_SECONDS={MOST_SECONDS:g} were spent on such rows in this trace"
        if self.rows >= MOST_ROWS or self.bytes > MOST_BYTES:
            return f"{MOST_ROWS:,} such rows, or UNSPAN_MAX_ROW_BYTES={MOST_BYTES} of them, are in this trace"
        return ""

    @property
    def room(self) -> int:
        """Bytes that may still be taken."""
        return max(MOST_BYTES - self.bytes, 0)

    def is_new(self, alias: str, table: str, key: Any) -> bool:
        mark = (alias, table, str(key))
        if mark in self.known:
            return False
        self.known.add(mark)
        return True


class Taken:
    """What is taken for one record."""

    def __init__(self, images: Images, connection: Any, apart: bool = False) -> None:
        self.images, self.connection, self.apart = images, connection, apart
        self.tables: Tables = tables(connection, BOUND)
        self.rows: dict[str, list[list[Any]]] = {}
        self.keys: list[Any] = []
        """Of the rows that a write chose."""
        self.cut = False

    def ask(self, query: Query, parameters: Sequence[Any] | None) -> None:
        """Takes the rows of a query. Raises what the driver raises."""
        heavy = any(self.tables.models[table].heavy for table in query.tables)
        text, bound = query.text, BOUND
        if heavy and not query.whole and self.connection.vendor == "mysql":  # whose driver fetches all rows at once
            bound = HEAVY
            text = text.removesuffix(f" LIMIT {BOUND + 1}") + f" LIMIT {bound + 1}"
        found, whole = fetched(self.connection, Question(text, parameters, self.apart, heavy, self.images.room))
        if not whole or (not query.whole and len(found) > bound):
            self.cut = True
        start = 0
        for table in query.tables:
            model = self.tables.models[table]
            end = start + len(model.columns)
            for row in found if query.whole else found[:bound]:
                self.take(model, row[start:end], query.target)
            start = end

    def by_key(self, model: Model, column: str, values: Iterable[Any]) -> Iterator[list[Any]]:
        """All rows of a table with one of these values in a column, as `Model.values` has them, as long as there is room."""
        quote, some = self.connection.ops.quote_name, list(values)
        step = HEAVY if model.heavy else AT_ONCE
        for at in range(0, len(some), step):
            if self.images.exhausted:
                self.cut = True
                return
            part = [model.parameter(column, value, self.connection) for value in some[at : at + step]]
            text = "SELECT {} FROM {} WHERE {} IN ({})".format(
                ", ".join(map(quote, model.columns)), quote(model.table), quote(column), ", ".join(["%s"] * len(part))
            )
            found, whole = fetched(self.connection, Question(text, part, False, model.heavy, self.images.room))
            self.cut |= not whole
            for row in found:
                yield model.values(row, self.connection)

    def take(self, model: Model, cells: Sequence[Any], chosen: bool) -> None:
        if any(cells[at] is None for at in model.keys):  # an outer join without a row
            return
        values = model.values(cells, self.connection)
        if chosen:
            self.keys.append(model.key(values))
        if self.keep(model, values):
            self.images.pointing.setdefault(self.connection.alias, []).append((model, values))

    def keep(self, model: Model, values: Sequence[Any]) -> bool:
        """Notes a row; false where the trace holds it already."""
        if not self.images.is_new(self.connection.alias, model.table, model.key(values)):
            return False
        row = [kept(value) for value in values]
        self.images.rows += 1
        self.images.bytes += CELL + weigh(row)
        self.rows.setdefault(model.table, []).append(row)
        return True

    def attributes(self, gap: str) -> dict[str, Any]:
        models = self.tables.models
        rows = [[models[table].label, list(models[table].attnames), some] for table, some in self.rows.items()]
        found: dict[str, Any] = {v.DATABASE: self.connection.alias, v.SUPPORT_ROWS: rows, v.SUPPORT_CUT: self.cut}
        return {**found, v.SUPPORT_GAP: gap} if gap else found
