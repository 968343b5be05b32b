"""The character set that databases of tests will have on MySQL and MariaDB, which may hold fewer characters than the application's."""

from typing import Any

from unspan_proto import vocabulary as v

from unspan_instrumentation.lineage.fetching import Question, fetched, unfamiliar

_known: dict[str, str] = {}
"""Alias → character set: of a process's settings and server, which do not change."""


def said(connection: Any, hindrance: str) -> dict[str, Any]:
    """What the settings say, else what the server gives new databases, which is asked once a process. Nothing where it cannot be asked."""
    if connection.vendor != "mysql" or (hindrance and connection.alias not in _known):
        return {}
    if connection.alias not in _known:
        try:
            _known[connection.alias] = of_tests(connection) or of_server(connection)
        except Exception as error:
            if unfamiliar(error):
                raise
            return {}
    return {v.DATABASE: connection.alias, v.SUPPORT_CHARSET: _known[connection.alias]}


def of_tests(connection: Any) -> str:
    return str((connection.settings_dict.get("TEST") or {}).get("CHARSET") or "")


def of_server(connection: Any) -> str:
    return str(fetched(connection, Question("SELECT @@character_set_server")).rows[0][0])
