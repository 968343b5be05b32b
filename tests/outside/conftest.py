"""One recording of the whole project for all tests here."""

from collections.abc import Callable

import pytest

from .changes import CHANGES
from .rounds import Recorded, changed, installed


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(installed(tmp_path_factory.mktemp("outside") / "project"), CHANGES)


@pytest.fixture(scope="session")
def outcomes(recorded: Recorded) -> Callable[[str, int], dict[str, str]]:
    """What became of every test that was written for a project with a library of time, or none: as it was recorded, or with the n-th change."""
    done: dict[tuple[str, int], dict[str, str]] = {}
    written: dict[str, dict[str, str]] = {}

    def of(library: str, number: int) -> dict[str, str]:
        if (library, number) not in done:
            if library not in written:
                written.clear()
                written[library] = recorded.write(library)
            folder = recorded.folder
            if number:
                some = {path: changes[number - 1] for path, changes in CHANGES.items() if len(changes) >= number}
                folder = changed(recorded.folder, recorded.folder.parent / f"{library or 'none'}-{number}", some)
            done[library, number] = written[library] | recorded.run(folder)
        return done[library, number]

    return of
