"""An application that is tried: what its `app.toml` says of it, where it is installed, how it is seeded and started."""

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OBSERVED = Path(__file__).resolve().with_name("observed.py")
NOT_THEIRS = ("OTEL_", "UNSPAN_", "DJANGO_SETTINGS_MODULE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
HOMES = "UNSPAN_APPS"


class TrialError(Exception):
    """What went wrong with the trial itself, for a person."""


Main = Callable[[Sequence[str] | None], int]


def program(main: Main) -> Main:
    """A program's `main` that says why the trial itself could not be made, with exit code 2."""

    @functools.wraps(main)
    def saying(argv: Sequence[str] | None = None) -> int:
        try:
            return main(argv)
        except TrialError as error:
            print(f"{Path(main.__code__.co_filename).stem}: {error}", file=sys.stderr)
            return 2

    return saying


@contextlib.contextmanager
def scratch(keep: bool = False) -> Iterator[Path]:
    """A folder for the length of a trial."""
    folder = Path(tempfile.mkdtemp(prefix="unspan-trial-"))
    try:
        yield folder
    finally:
        print(f"kept: {folder}") if keep else shutil.rmtree(folder)


@dataclass(frozen=True)
class Application:
    """`folder` holds the description and the list of requests, `home` the installed application with its virtual environment."""

    name: str
    folder: Path
    home: Path
    workdir: Path
    manage: str
    health: str
    player: str
    requests: Path
    seed: tuple[str, ...]
    upstream: tuple[str, ...]
    databases: tuple[Path, ...]
    suite: str
    env: Mapping[str, str] = field(default_factory=dict)
    record_env: Mapping[str, str] = field(default_factory=dict)

    @property
    def scripts(self) -> Path:
        return self.home / "venv" / "bin"

    @property
    def python(self) -> Path:
        return self.scripts / "python"

    def environ(self, **more: str) -> dict[str, str]:
        """The environment that everything of the application runs in: nothing of ours, and the same hashes in each run."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_THEIRS)}
        path = f"{self.scripts}{os.pathsep}{kept.get('PATH', '')}"
        return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", **self.env, **more}

    def server(self, port: int, recorded: bool) -> list[str]:
        wrapper = [str(self.scripts / "opentelemetry-instrument")] if recorded else []
        return [*wrapper, str(self.python), str(OBSERVED), self.manage, "runserver", "--noreload", f"127.0.0.1:{port}"]

    def reseed(self) -> None:
        """The database as the list of requests expects it."""
        if self.seed:
            done = subprocess.run(self.seed, cwd=self.workdir, env=self.environ(), capture_output=True, text=True)
            if done.returncode:
                raise TrialError(f"`{' '.join(self.seed)}` failed:\n{done.stderr[-2000:]}")
        for file in self.databases:
            for extra in ("-wal", "-shm", "-journal"):
                Path(f"{file}{extra}").unlink(missing_ok=True)
            shutil.copyfile(f"{file}.seed", file)

    def prepare(self) -> None:
        """The product in the application's environment, editable, from this checkout."""
        if not self.python.exists():
            raise TrialError(f"{self.name} is not installed in {self.home}: there is no {self.python}")
        asked = "import unspan_instrumentation as one, pathlib; print(pathlib.Path(one.__file__).resolve().parents[2])"
        found = subprocess.run([self.python, "-c", asked], capture_output=True, text=True, cwd=self.home).stdout.strip()
        if found != str(CHECKOUT) or not (self.scripts / "opentelemetry-instrument").exists():
            subprocess.run([self.python, "-m", "ensurepip"], capture_output=True)
            wanted = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", f"{CHECKOUT}[all]"]
            if subprocess.run([self.python, *wanted]).returncode:
                raise TrialError(f"the product could not be installed in {self.home}")


def read(folder: Path, upstream_port: int = 0) -> Application:
    """The application that a folder describes. Raises TrialError."""
    folder = folder.resolve()
    try:
        spec = tomllib.loads((folder / "app.toml").read_text())
        name = spec.get("name", folder.name)
        home = (Path(os.environ.get(HOMES, "/tmp/unspan-apps")) / name).resolve()

        def here(text: str) -> str:
            return text.replace("{home}", str(home)).replace("{port}", str(upstream_port))

        def words(key: str) -> tuple[str, ...]:
            return tuple(here(word) for word in spec.get(key, ()))

        def variables(key: str) -> dict[str, str]:
            return {variable: here(value) for variable, value in spec.get(key, {}).items()}

        return Application(
            name, folder, home, home / spec["workdir"], spec.get("manage", "manage.py"), spec.get("health", "/"),
            spec.get("player", "browser"), folder / spec.get("requests", "requests.py"), words("seed"), words("upstream"),
            tuple(home / file for file in spec.get("sqlite", ())), here(spec.get("command", "")), variables("env"), variables("record_env"),
        )  # fmt: skip
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise TrialError(f"{folder} describes no application ({type(error).__name__}: {error}); trials/README.md says how") from None
