"""Wheel and sdist: what is in them, and that they install into a clean environment and run."""

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from .sources import CHECKOUT, PARTS

LOCK = CHECKOUT / "requirements" / "product.txt"
NEEDS_EXTRA = [
    ("inverter", "inverter", "pip install 'unspan[inverter]'"),
    ("unspan-collector", "unspan-collector", "pip install 'unspan[collector]'"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    ran(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT)
    return folder


def ran(*command: object, **more: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=Path(sys.prefix), **more)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def environment(folder: Path, wheel: Path, extra: str) -> Path:
    """The scripts' folder of a clean environment with the wheel and the locked versions of what it needs."""
    ran(sys.executable, "-m", "venv", folder)
    scripts = folder / "bin"
    ran(scripts / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-c", LOCK, f"{wheel}{extra}")
    return scripts


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return environment(tmp_path_factory.mktemp("base") / "venv", wheel, "")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return environment(tmp_path_factory.mktemp("all") / "venv", wheel, "[all]")


def sources() -> set[str]:
    """Every file of the four packages, as it should stand in the wheel."""
    return {
        path.relative_to(root).as_posix()
        for package, root in PARTS.items()
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name for name in names if ".dist-info/" not in name} == sources()
    assert {name.partition(".dist-info/")[2] for name in names if ".dist-info/" in name} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE",
    }  # fmt: skip


@pytest.mark.parametrize("package", PARTS)
def test_the_packages_are_typed(wheel: Path, package: str) -> None:
    assert f"{package}/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_the_wheel_names_its_licence_extras_and_python(wheel: Path) -> None:
    (name,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("METADATA")]
    lines = zipfile.ZipFile(wheel).read(name).decode().split("\n\n")[0].splitlines()
    wanted = {
        "Name: unspan",
        "License-Expression: Apache-2.0",
        "Requires-Python: >=3.11",
        "Provides-Extra: collector",
        "Provides-Extra: inverter",
        "Provides-Extra: all",
    }
    assert wanted <= set(lines)


def test_the_sdist_can_be_read_and_built_by_others(built: Path) -> None:
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO"} <= names
    assert {f"{root.name}/{name}" for package, root in PARTS.items() for name in sources() if name.startswith(f"{package}/")} <= names


def test_the_base_install_is_small_and_records(base: Path) -> None:
    listed = json.loads(ran(base / "python", "-m", "pip", "list", "--format", "json", "--disable-pip-version-check").stdout)
    assert {one["name"].lower() for one in listed} & {"click", "jinja2", "rich", "ruff", "starlette", "uvicorn", "zstandard"} == set()
    ran(base / "python", "-c", "import unspan_instrumentation.launch, unspan_proto.values")


@pytest.mark.parametrize(("script", "name", "remedy"), NEEDS_EXTRA, ids=[row[0] for row in NEEDS_EXTRA])
def test_a_command_without_its_extra_says_what_to_install(base: Path, script: str, name: str, remedy: str) -> None:
    done = subprocess.run([base / script, "--help"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{name}: ")
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("script", ["inverter", "unspan-collector"])
def test_a_command_with_its_extra_runs(whole: Path, script: str) -> None:
    assert "Usage: " in ran(whole / script, "--help").stdout


def test_nothing_is_left_after_uninstalling(whole: Path) -> None:
    packages = next(whole.parent.glob("lib/python*/site-packages"))
    ran(whole / "python", "-m", "pip", "uninstall", "-y", "--disable-pip-version-check", "unspan")
    assert [path.name for path in packages.glob("unspan*")] == []
    assert [path.name for path in whole.iterdir() if path.name in ("inverter", "unspan-collector")] == []
