"""A served read API with one trace, and an environment without the settings of whoever runs the tests."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from edge_traces import PROJECT, TRACE, ReadApi, completing_a_todo, project, served, summary


@dataclass
class Served:
    """The read API and where it is served."""

    api: ReadApi
    address: str


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "UNSPAN_", "DJANGO_", "PYTEST_ADDOPTS")) or name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
            monkeypatch.delenv(name)


@pytest.fixture
def collector() -> Iterator[Served]:
    api = ReadApi()
    api.traces = {PROJECT: project(), TRACE: completing_a_todo()}
    api.listed = [summary()]
    with served(api) as address:
        yield Served(api, address)
