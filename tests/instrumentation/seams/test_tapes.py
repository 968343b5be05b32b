"""The clock and randomness, in a process of its own where every seam was installed before Django was imported."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from unspan_proto import values

PROGRAM = Path(__file__).with_name("tapes.py")
ASKING = str(PROGRAM.parent / "project" / "asking.py")
SOURCES = (
    "django.utils.timezone.now", "random.choice", "random.randint", "random.random", "random.sample", "random.shuffle", "uuid.uuid4", "uuid.uuid1",
    "secrets.token_hex", "secrets.choice", "time.time", "os.urandom", "django.utils.crypto.get_random_string",
)  # fmt: skip


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, check=True, cwd=PROGRAM.parent / "project")
    return values.decode(done.stdout)


@pytest.mark.parametrize("source", SOURCES)
def test_a_value_is_recorded_with_who_asked(answer: dict[str, Any], source: str) -> None:
    value, tapes = answer["asked"][source]
    assert [(name, found, function.partition(".")[0], file) for name, found, function, file in tapes] == [(source, value, "asking", ASKING)]


def test_a_name_imported_from_its_module_is_recorded_too(answer: dict[str, Any]) -> None:
    value, tapes = answer["early"]
    assert tapes == [["django.utils.timezone.now", value, "asking.early", ASKING]]


def test_as_an_attribute_of_a_class_it_is_not_bound(answer: dict[str, Any]) -> None:
    (clock, picked), tapes = answer["attributes"]
    assert (picked, [(tape[0], tape[1]) for tape in tapes]) == (7, [("time.time", clock), ("random.choice", 7)])


def test_nothing_is_recorded_without_a_recording(answer: dict[str, Any]) -> None:
    asked, recorded = answer["quiet"]
    assert (asked, recorded) == (True, 2), "the two of the recording before"


def test_django_asks_for_the_clock_too(answer: dict[str, Any]) -> None:
    assert [(tape[0], tape[2]) for tape in answer["internal"]] == [("django.utils.timezone.now", "django.utils.timezone.localtime")]


def test_migrations_see_no_difference(answer: dict[str, Any]) -> None:
    assert answer["serialised"] == [["uuid.uuid4", {"import uuid"}], ["django.utils.timezone.now", {"import django.utils.timezone"}]]
    assert answer["migration"] == ["default=uuid.uuid4", "default=django.utils.timezone.now"]


def test_they_are_pickled_and_copied_by_name(answer: dict[str, Any]) -> None:
    assert (answer["pickled"], answer["copied"]) == ([True] * 4, [True] * 4)
    assert answer["names"] == [
        ["random", "Random.choice", "choice"], ["time", "time", "time"], ["uuid", "uuid4", "uuid4"], ["django.utils.timezone", "now", "now"],
    ]  # fmt: skip


def test_nothing_was_lost(answer: dict[str, Any]) -> None:
    assert answer["lost"] == {}
