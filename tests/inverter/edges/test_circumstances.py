"""Other circumstances as the commands that make them, for each runner; or why there is none."""

import sys
from pathlib import Path

import pytest
from unspan_inverter.proving.circumstances import CIRCUMSTANCES, Given, NotTried, neighbours
from unspan_inverter.runners import Run

HOME = Path("/p")
RUNS = {
    "django": Run(("python", "manage.py", "test", "--noinput", "shop.tests.test_a"), HOME, "django"),
    "django, no dotted name": Run(("python", "manage.py", "test", "--noinput", "--pattern", "test_a.py", "/p/x-y"), HOME, "django"),
    "pytest": Run(("python", "-m", "pytest", "/p/test_a.py"), HOME, "pytest"),
    "other": Run(("make", "test"), HOME, "other", {"CI": "1"}),
}
BESIDE = (Path("/p/shop/tests/test_b.py"), Path("/p/shop/tests/test_c.py"))
START = "python manage.py test"
COMMANDS = {
    ("again", "django"): f"{START} --noinput shop.tests.test_a",
    ("in reverse order", "django"): f"{START} --reverse --noinput shop.tests.test_a",
    ("beside the other generated tests", "django"): f"{START} --noinput shop.tests.test_a shop.tests.test_b shop.tests.test_c",
    ("in random order", "django"): f"{START} --shuffle=271828 --noinput shop.tests.test_a shop.tests.test_b shop.tests.test_c",
    ("in parallel", "django"): f"{START} --parallel 2 --noinput shop.tests.test_a shop.tests.test_b shop.tests.test_c",
    ("on another day", "django"): f"faketime -f +400d {START} --noinput shop.tests.test_a",
    ("in another timezone", "django"): f"TZ=Pacific/Kiritimati {START} --noinput shop.tests.test_a",
    ("with another hash seed", "django"): f"PYTHONHASHSEED=4 {START} --noinput shop.tests.test_a",
    ("beside the other generated tests", "django, no dotted name"): "the file has no dotted name",
    ("in random order", "django, no dotted name"): "the file has no dotted name",
    ("in reverse order", "pytest"): "only Django's own runner can run tests in reverse order",
    ("beside the other generated tests", "pytest"): "python -m pytest /p/test_a.py /p/shop/tests/test_b.py /p/shop/tests/test_c.py",
    ("in random order", "pytest"): "pytest has no random order of its own, and pytest-randomly is not installed",
    ("in parallel", "pytest"): "pytest runs tests in parallel with pytest-xdist only",
    ("on another day", "pytest"): "faketime -f +400d python -m pytest /p/test_a.py",
    ("again", "other"): "CI=1 make test",
    ("in reverse order", "other"): "only Django's own runner can run tests in reverse order",
    ("beside the other generated tests", "other"): "the project's own test command takes one file",
    ("in another timezone", "other"): "CI=1 TZ=Pacific/Kiritimati make test",
    ("with another hash seed", "other"): "CI=1 PYTHONHASHSEED=4 make test",
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs: faketime, and a Python without any plugin of pytest."""
    for name, text in {"faketime": "#!/bin/sh\n", "python": f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n'}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(("name", "kind"), COMMANDS)
def test_a_circumstance_is_a_command(machine: Path, tmp_path: Path, name: str, kind: str) -> None:
    given = Given(RUNS[kind], {"PATH": str(machine)}, str(machine / "python"), BESIDE)
    try:
        found = str(CIRCUMSTANCES[name](given))
    except NotTried as why:
        found = str(why)

    assert found.replace(f"{machine}/", "") == COMMANDS[name, kind]


def test_another_day_needs_a_program() -> None:
    with pytest.raises(NotTried, match="the program faketime is not installed"):
        CIRCUMSTANCES["on another day"](Given(RUNS["django"], {"PATH": "/nowhere"}, sys.executable))


def test_the_neighbours_are_the_other_generated_tests(tmp_path: Path) -> None:
    for name in ("test_a", "test_b", "test_mine", "b_test", "test_c"):
        (tmp_path / f"{name}.py").write_text("mine" if name == "test_mine" else "generated")
    (tmp_path / "test_d.py").write_bytes(b"generated \xff")

    found = neighbours(tmp_path / "test_b.py", lambda text: text.startswith("generated"))

    assert [one.name for one in found] == ["test_a.py", "test_c.py", "test_d.py"]
