"""Makes a virtual environment of the checkout and installs locked versions and the product into it; does nothing when that was done.

    python3 requirements/install.py .venv test            the versions of requirements/test.txt
    python3 requirements/install.py .venv-newest test --newest   the newest versions that pip finds

Runs on a bare Python 3.11+ with the standard library only. What needs installing lives in the lock files beside this one.
"""

from __future__ import annotations  # an older Python must get as far as the sentence that refuses it

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
OLDEST = (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a virtual environment of the checkout and install what a lock file names.")
    parser.add_argument("venv", type=Path, help="folder of the virtual environment, relative to the checkout")
    parser.add_argument("lock", choices=sorted(path.stem for path in HERE.glob("*.in")), help="which lock file")
    parser.add_argument("--newest", action="store_true", help="ignore the lock file: the newest versions that pip resolves")
    given = parser.parse_args()
    if sys.version_info < OLDEST:
        return refuse(f"this is Python {version()}, unspan needs 3.11 or newer.", "Name another one: make … PYTHON=python3.13")
    venv = CHECKOUT / given.venv
    try:
        made = make(venv)
        installed = install(venv, given.lock, given.newest)
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd[:6]))
        return refuse(
            f"`{command} …` failed with exit code {error.returncode}; its own words stand above.", "Is the package index reachable?"
        )
    except Unprepared as error:
        return refuse(*error.args)
    if not made and not installed:
        say(f"{given.venv} is up to date")
    return 0


class Unprepared(Exception):
    """Something the machine lacks; the arguments are lines for a person."""


def make(venv: Path) -> bool:
    """Makes the environment, also anew when it belongs to another Python. Returns whether it did."""
    python = executable(venv)
    found = venv_version(python)
    if found == version():
        return False
    if found:
        say(f"{venv.name} belongs to Python {found}: making it anew with {version()}")
    try:
        import ensurepip  # noqa: F401
        import venv as _  # noqa: F401
    except ImportError:
        raise Unprepared(
            f"the Python {version()} at {sys.executable} cannot make virtual environments.",
            "On Debian and Ubuntu: apt-get install python3-venv",
        ) from None
    say(f"making the virtual environment {venv.name} with Python {version()}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
    return True


def install(venv: Path, lock: str, newest: bool) -> bool:
    """Installs when anything that decides about it has changed since the last time. Returns whether it did."""
    stamp = venv / f".unspan-{lock}.json"
    wanted = "" if newest else fingerprint(lock)
    if wanted and stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return False
    pip = [executable(venv), "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", "--no-input"]
    if newest:
        say(f"installing the newest versions of what requirements/{lock}.in names")
        subprocess.run([*pip, "--upgrade", "-r", HERE / "product.in", "-r", HERE / f"{lock}.in", "-e", f"{CHECKOUT}[all]"], check=True)
        return True
    say(f"installing the versions of requirements/{lock}.txt")
    subprocess.run([*pip, "-r", HERE / f"{lock}.txt"], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", str(CHECKOUT)], check=True)
    stamp.write_text(json.dumps(wanted))
    return True


def fingerprint(lock: str) -> str:
    """Changes with the lock file, the product's metadata and the place of the checkout."""
    digest = hashlib.sha256(str(CHECKOUT).encode())
    for path in (HERE / f"{lock}.txt", CHECKOUT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def executable(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def venv_version(python: Path) -> str | None:
    """The version of an environment's Python, None where there is none that runs."""
    try:
        done = subprocess.run([python, "-c", "import sys, pip; print(*sys.version_info[:3], sep='.')"], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def refuse(*lines: str) -> int:
    print("unspan: " + "\n        ".join(lines), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
