"""Requests that ask the clock, chance and other services: recorded on a real server, their tests pass, and notice when a view goes wrong."""

from collections.abc import Callable

import pytest

from .changes import CHANGES
from .rounds import Recorded, named

CHECKED = ("/clock/hour/", "/chance/defaults/", "/requests/sent/", "/httpx/side_by_side/", "/urllib/too_slow/", "/aiohttp/redirected/")
Outcomes = Callable[[str, int], dict[str, str]]


@pytest.mark.parametrize("path", CHANGES)
def test_the_recording_is_complete(path: str, recorded: Recorded) -> None:
    assert list(recorded.traces[path].gaps) == []


def test_every_view_was_asked(recorded: Recorded) -> None:
    known = {route.pattern for route in next(iter(recorded.traces.values())).project.routes}
    assert {path.partition("?")[0].strip("/") + "/" for path in CHANGES} == {str(pattern).lstrip("^/").rstrip("$") for pattern in known}


@pytest.mark.parametrize(
    "library", ["", "time-machine", pytest.param("freezegun", marks=pytest.mark.deep)], ids=["none", "time-machine", "freezegun"]
)
@pytest.mark.parametrize("path", CHANGES)
def test_its_test_passes(path: str, library: str, outcomes: Outcomes) -> None:
    assert outcomes(library, 0)[named(path)] == ""


@pytest.mark.parametrize("paths", [CHECKED, pytest.param(tuple(CHANGES), marks=pytest.mark.deep)], ids=["some", "all"])
def test_the_command_checks_them(paths: tuple[str, ...], recorded: Recorded) -> None:
    done = recorded.generate(paths)
    (recorded.folder / "shop" / "tests" / "test_checked.py").unlink()
    said = f"inverter: shop/tests/test_checked.py: {len(paths)} tests passed"
    assert (done.returncode, done.stderr.splitlines()[0].partition(", in:")[0]) == (0, said), done.stderr


NUMBERED = [
    pytest.param(path, number, id=f"{path}-{number}", marks=[pytest.mark.deep] * (number > 1))
    for path, changes in CHANGES.items()
    for number in range(1, len(changes) + 1)
]


@pytest.mark.parametrize(("path", "number"), NUMBERED)
def test_its_test_notices_a_change(path: str, number: int, outcomes: Outcomes) -> None:
    assert outcomes("", number)[named(path)] != ""
