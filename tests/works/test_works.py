"""Tasks and commands: recorded in real workers and processes, their tests pass, and notice when the code goes wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from unspan_inverter.errors import NoTestOfWork
from unspan_inverter.generate import generated
from unspan_inverter.offers import offers

from .rounds import Recorded, changed, installed

TASKS, JOBS, EXPIRE = "depot/tasks.py", "depot/jobs.py", "depot/management/commands/expire.py"
CHANGES = {
    "tasks.send_receipt": (TASKS, "order.customer.email", "order.number"),
    "tasks.send_receipt 2": (TASKS, "return order.number", "return None"),
    "tasks.send_receipt 3": (TASKS, "Receipt for", "Bill of"),
    "tasks.charge": (TASKS, 'order.stamp = "waiting"', "pass"),
    "tasks.charge 2": (TASKS, 'f"paid {amount}"', '"paid"'),
    "noted": (TASKS, "stamp=self.request.id", 'stamp="id"'),
    "tasks.cancel": (TASKS, '== "closed"', '!= "closed"'),
    "tasks.remind": (TASKS, "filter(state=state).order_by", "order_by"),
    "jobs.ship": (JOBS, "shipped by", "sent by"),
    "jobs.stamp": (JOBS, "context.attempt", "context"),
    "jobs.refuse": (JOBS, "raise ValueError(", "raise TypeError("),
    "jobs.count": (JOBS, "filter(state=state)", "filter()"),
    "expire": (EXPIRE, "state__in=states, ", ""),
    "expire 2": (EXPIRE, "if strict and not orders", "if strict and orders"),
    "welcome": ("depot/management/commands/welcome.py", "send_mail(subject", 'send_mail("subject"'),
}
"""Name of the trace → file, a text of it, and what that is changed to: each within the function that its test is of."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(installed(tmp_path_factory.mktemp("works") / "project"))


@pytest.fixture(scope="module")
def written(recorded: Recorded) -> dict[str, str]:
    return recorded.write("django")


@pytest.fixture(scope="module")
def noticed(recorded: Recorded, written: dict[str, str]) -> dict[str, str]:
    """What each test says of its own change."""
    return recorded.run(changed(recorded.folder, recorded.folder.parent / "changed", CHANGES.values()))


def test_everything_was_recorded_whole(recorded: Recorded) -> None:
    assert {name: list(trace.gaps) for name, trace in recorded.traces.items()} == {name: [] for name in CHANGES}


@pytest.mark.parametrize("style", ["django", "pytest"])
def test_their_tests_pass(recorded: Recorded, style: str) -> None:
    recorded.write(style)
    assert recorded.run(recorded.folder) == dict.fromkeys(recorded.traces, "")


@pytest.mark.parametrize("name", CHANGES)
def test_their_tests_notice_a_change(name: str, noticed: dict[str, str]) -> None:
    assert noticed[name] != ""


@pytest.mark.parametrize(("style", "rules"), [("django", "DJ,F"), ("pytest", "DJ,F,PT")])
def test_a_linter_has_nothing_to_say(recorded: Recorded, style: str, rules: str) -> None:
    recorded.write(style)
    command = [
        str(Path(sys.executable).with_name("ruff")),
        "check",
        "-q",
        "--isolated",
        "--select",
        rules,
        *map(str, recorded.folder.glob("test_*.py")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


ACTS = {
    "tasks.send_receipt": "result = send_receipt(self.order.pk)",
    "tasks.charge": 'mock.patch.object(charge, "retry", side_effect=Retry)',
    "tasks.charge 2": 'result = charge.apply(args=(self.order.pk,), kwargs={"amount": 12}, retries=1).get()',
    "tasks.cancel": 'with self.assertRaisesMessage(ValueError, "A-2 is closed"):',
    "tasks.remind": 'mock.patch.object(send_receipt, "delay") as delay',
    "jobs.ship": "result = ship.call(self.order.pk)",
    "jobs.stamp": "result = stamp.enqueue(order_id=self.order.pk)",
    "expire": 'call_command("expire", "old", "older", limit=5, stdout=stdout)',
    "expire 2": 'call_command("expire", "gone", strict=True)',
    "welcome": 'call_command("welcome", customer.pk, subject="Hello")',
}


@pytest.mark.parametrize("name", ACTS)
def test_what_is_done_is_what_a_person_would_write(name: str, written: dict[str, str]) -> None:
    assert ACTS[name] in written[name]


def test_the_levels_of_a_task(recorded: Recorded) -> None:
    work, *functions = offers(recorded.traces["tasks.send_receipt"])
    assert (work.level, work.subject, work.base) == ("work", "task depot.tasks.send_receipt", "TestCase")
    assert {one.level for one in functions} == {"unit"}


def test_a_task_has_no_view_and_no_place_in_a_journey(recorded: Recorded) -> None:
    task, other = recorded.traces["tasks.send_receipt"], recorded.traces["tasks.cancel"]
    with pytest.raises(NoTestOfWork, match="a task has no view"):
        generated([task], level="view")
    with pytest.raises(NoTestOfWork, match="a task has no place in a journey"):
        generated([task, other], journeys=[[task.id, other.id]])


def test_two_tasks_in_one_file(recorded: Recorded, tmp_path: Path) -> None:
    names = ("tasks.send_receipt", "tasks.send_receipt 2", "tasks.cancel")
    made = generated([recorded.traces[name] for name in names]).source
    assert (made.count("class SendReceiptTests("), made.count("class CancelTests("), made.count("def test_send_receipt_sends_mail")) == (
        1,
        1,
        2,
    )
