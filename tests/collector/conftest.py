"""One collector process for all tests that only send and read; those that stop, break or fill it start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .process import Process


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with Process(tmp_path_factory.mktemp("collector") / "traces.sqlite3") as process:
        yield process


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "traces.sqlite3"
