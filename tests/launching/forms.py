"""The ways that people start Django, each from the project's folder and from another one."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parent / "project"
BIN = Path(sys.executable).parent
PYTEST = (sys.executable, "-m", "pytest")


@dataclass(frozen=True)
class Form:
    """One way. `command` runs in the project's folder; `elsewhere` in the folder above. PORT stands for the port."""

    name: str
    command: tuple[str, ...]
    elsewhere: tuple[str, ...]
    asynchronous: bool = False
    elsewhere_env: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def sort(self) -> str:
        """Servers of one sort make the same spans of a request."""
        return "asynchronous server" if self.asynchronous else "server"

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Work:
    """A way to have acts done without a server. `word` is what an act is called in the command; none where messages of a queue call them.

    `together`: all of them are one unit of work.
    """

    name: str
    command: tuple[str, ...]
    elsewhere: tuple[str, ...]
    word: str = "NAME"
    together: bool = False

    @property
    def sort(self) -> str:
        """Programs of one sort have the same statements."""
        return "tests" if self.tests else "queue" if self.queue else "program"

    @property
    def tests(self) -> bool:
        """Whether each act is a test."""
        return "KIND" in self.word

    @property
    def queue(self) -> bool:
        """Whether each act is a task."""
        return not self.word

    def __repr__(self) -> str:
        return self.name


def manage(name: str, *flags: str) -> Form:
    words = ("runserver", *flags, "127.0.0.1:PORT")
    return Form(name, (sys.executable, "manage.py", *words), (sys.executable, f"{PROJECT.name}/manage.py", *words))


def gunicorn(name: str, *flags: str, application: str = "mysite.wsgi") -> Form:
    command = (str(BIN / "gunicorn"), "--bind", "127.0.0.1:PORT", "--graceful-timeout", "5", *flags)
    return Form(name, (*command, application), (*command, "--chdir", PROJECT.name, application), "asgi" in application)


def uvicorn(name: str, *flags: str) -> Form:
    command = (str(BIN / "uvicorn"), "--port", "PORT", *flags, "mysite.asgi:application")
    return Form(name, command, (*command, "--app-dir", PROJECT.name), True)


def daphne(name: str) -> Form:
    """It has no option for the application's folder."""
    command = (str(BIN / "daphne"), "-b", "127.0.0.1", "-p", "PORT", "mysite.asgi:application")
    return Form(name, command, command, True, {"PYTHONPATH": str(PROJECT)})


def worker(name: str, *flags: str) -> Work:
    command = (str(BIN / "celery"), "-A", "mysite")
    options = ("worker", "--loglevel", "INFO", "--without-mingle", "--without-gossip", "--without-heartbeat", "--concurrency", "2", *flags)
    return Work(name, (*command, *options), (*command, "--workdir", PROJECT.name, *options), word="")


def program(name: str, words: str, word: str = "NAME", together: bool = False) -> Work:
    """One that Python runs by the path of a file."""
    return Work(name, (sys.executable, *words.split()), (sys.executable, *f"{PROJECT.name}/{words}".split()), word, together)


WORKS = (
    worker("celery prefork", "--pool", "prefork"),
    worker("celery threads", "--pool", "threads"),
    program("command", "manage.py act", together=True),
    program("manage.py test", "manage.py test", word="suite.KIND.test_NAME"),
    Work("pytest", PYTEST, PYTEST, word="suite.py::KIND::test_NAME"),
    program("script", "script.py", together=True),
)

FORMS = (
    manage("runserver"),
    manage("runserver --noreload", "--noreload"),
    gunicorn("gunicorn"),
    gunicorn("gunicorn threads", "--threads", "4"),
    gunicorn("gunicorn preload", "--preload", "--workers", "2"),
    uvicorn("uvicorn"),
    uvicorn("uvicorn workers", "--workers", "2", "--timeout-worker-healthcheck", "60"),  # it kills workers that are slow to start
    gunicorn("gunicorn uvicorn", "--worker-class", "uvicorn_worker.UvicornWorker", application="mysite.asgi"),
    daphne("daphne"),
)
