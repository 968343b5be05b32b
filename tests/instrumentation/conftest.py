"""One stock project for the whole session, and a receiver of traces for each test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .serving import startproject
from .sink import Sink


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return startproject(tmp_path_factory.mktemp("stock"))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as one:
        yield one
