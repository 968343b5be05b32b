"""The rows behind a statement that the application did not fetch: what a COUNT counted, a JOIN joined, a DELETE deleted.

`rewriting` turns a statement's text into queries for them; `fetching` asks those on the application's own connection, next to the statement;
`supporting` decides when, keeps the bounds of a trace and emits the record. Only `supporting` knows of recordings, only `fetching` of databases.
"""

from collections.abc import Callable
from typing import Any

from unspan_instrumentation.patching import not_recorded
from unspan_instrumentation.recording import Recording, now
from unspan_instrumentation.settings import Settings
from unspan_instrumentation.sql.statement import Statement


def wanted(settings: Settings) -> bool:
    """Whether supporting rows are recorded: as it is set, and if nothing is said, where the project is being developed."""
    if not settings.values:
        return False
    if settings.sql:
        return settings.sql == "lineage"
    from django.conf import settings as project  # in the user's process Django comes when the application brings it

    return bool(getattr(project, "DEBUG", False))


def beside(statement: Statement, connection: Any, given: list[Any]) -> None:
    """Records the rows behind a statement that is about to be executed, where that is wanted. `given`: what the driver's cursor is called with."""
    if wanted(statement.recording.settings):
        from unspan_instrumentation.lineage.supporting import support  # with sqlglot, which takes a fifth of a second to import

        text = given[0] if type(given[0]) is str else statement.text
        support(statement.recording).beside(statement, connection, text, given[1] if len(given) > 1 else None)
        statement.start = statement.end = now()


def carefully(recording: Recording, function: Callable[..., None], *args: Any) -> None:
    """Calls what asks the database. What is neither ours nor the database's, as a time limit of the application's, passes on."""
    try:
        function(*args)
    except Exception as error:
        from unspan_instrumentation.lineage.fetching import unfamiliar

        if unfamiliar(error):
            raise
        recording.lose(not_recorded("what a statement depends on", error))
