"""The vote of `examples/poll`: recorded for real, turned into the test that stands in the repository, which passes and notices what it should."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from . import shown
from .sources import CHECKOUT
from .voting import Vote

GOLDEN = CHECKOUT / "examples" / "poll" / "polls" / "tests" / "test_vote.py"
INVERTER = str(Path(sys.executable).with_name("inverter"))


def scrubbed(text: str) -> str:
    """What varies from run to run: the trace's id, the moment that the vote was cast, what is computed of both, and the substitute of a secret."""
    text = re.sub(r"as generated: [0-9a-f]+", "as generated: …", shown.scrubbed(text))
    text = re.sub(r'access_token="[\w-]+"', 'access_token="…"', text)
    return re.sub(r"moment = datetime\([\d, ]+tzinfo", "moment = datetime(…, tzinfo", text)


def generated(project: Path, vote: Vote, *options: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [INVERTER, "generate", "--from", str(vote.file), *options]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="session")
def told(vote: Vote) -> str:
    """What is said of the generated test, which then stands in the project."""
    done = generated(vote.project, vote, "-o", "polls/tests/test_vote.py")
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.usefixtures("told")
def test_the_test_is_the_one_in_the_repository(vote: Vote) -> None:
    """`python -m house.voting FOLDER` in `tests/` records a vote; look at the difference before you commit another golden."""
    assert scrubbed((vote.project / "polls/tests/test_vote.py").read_text()) == scrubbed(GOLDEN.read_text())


def test_it_passes_and_does_the_same_as_the_recording(told: str) -> None:
    assert [line.strip() for line in told.splitlines()][-1] == "it did the same as the recording"
    assert "1 test passed" in told


FAULTS = {
    "no vote": ("polls/voting.py", "    Vote.objects.create(user=user, option=option)\n", ""),
    "no event": ("polls/voting.py", '    track(poll.team, "vote", poll=poll.question, option=option.text)\n', ""),
    "another event": ("polls/voting.py", 'track(poll.team, "vote",', 'track(poll.team, "voted",'),
    "votes of other polls": ("polls/voting.py", ", option__poll=poll)", ")"),
    "no message": ("polls/views.py", "    update_message(", "    (lambda *_: None)("),
    "another message": ("polls/messages.py", "`{votes}`\\n{names}", "{votes}\\n{names}"),
    "another address": ("slack/client.py", "chat.update", "chat.postMessage"),
    "another signature": ("slack/signature.py", 'b"v0:"', 'b"v1:"'),
    "a signature without the time": ("slack/signature.py", ' + timestamp.encode() + b":"', ""),
}


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("name", FAULTS)
def test_it_notices(vote: Vote, tmp_path: Path, name: str) -> None:
    place, old, new = FAULTS[name]
    project = shutil.copytree(vote.project, tmp_path / "poll", ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3"))
    file = project / place
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))

    done = subprocess.run(
        [sys.executable, "manage.py", "test", "--noinput", "polls.tests.test_vote"], cwd=project, capture_output=True, text=True
    )

    assert re.search(r"^FAILED \((failures|errors)=1\)", done.stderr, re.MULTILINE), done.stderr


def test_the_pytest_style_passes_too(vote: Vote) -> None:
    done = generated(vote.project, vote, "--style", "pytest", "-o", "polls/tests/test_vote_by_pytest.py")
    assert done.returncode == 0, done.stderr
    assert "1 test passed" in done.stderr


def test_model_bakery_makes_the_rows_that_have_no_factory(vote: Vote, tmp_path: Path) -> None:
    project = shutil.copytree(vote.project, tmp_path / "poll", ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3", "test_*.py"))
    (project / "polls/tests/test_by_hand.py").write_text("from model_bakery import baker  # noqa: F401\n")

    done = generated(project, vote, "-o", "polls/tests/test_vote.py")

    made = re.findall(r"\b(?:baker\.make\((\w+)|(\w+Factory)\()", (project / "polls/tests/test_vote.py").read_text())
    assert (done.returncode, "1 test passed" in done.stderr) == (0, True), done.stderr
    assert [one or other for one, other in made] == [
        "TeamFactory",
        "Bot",
        "UserFactory",
        "UserFactory",
        "PollFactory",
        "Option",
        "Option",
        "Vote",
    ]
