"""The whole way, end to end: records requests of the example, turns them into tests, runs the tests.

`make demo` runs this in the checkout's virtual environment. Everything it makes lies in `.demo/`, or in the folder that is named as the
argument; what it starts, it stops. Standard library only.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

CHECKOUT = Path(__file__).resolve().parent.parent
DEMO = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else CHECKOUT / ".demo"
PROJECT = DEMO / "todo"
BIN = Path(sys.executable).parent
OURS = ("OTEL_", "UNSPAN_", "DJANGO_", "PYTHONPATH", "GRPC_")
START_SECONDS, STOP_SECONDS = 30, 15


class DemoError(Exception):
    """What went wrong, for a person."""


def main() -> int:
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    try:
        tests = demonstrate()
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for path in tests:
        print(f"\n--- {path.relative_to(DEMO.parent)}\n{path.read_text().rstrip()}")
    print(
        f"\n==> done in {time.monotonic() - begun:.1f} s: {len(tests)} requests became {len(tests)} tests, and they pass. Nothing is left running."
    )
    return 0


def demonstrate() -> list[Path]:
    """Every step; returns the generated files."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    shutil.copytree(CHECKOUT / "examples" / "todo", PROJECT, ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3", "test_*.py"))
    grpc, web, app = free_ports(3)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    clean["PATH"] = f"{BIN}{os.pathsep}{clean['PATH']}"
    traced = clean | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{grpc}", "OTEL_SERVICE_NAME": "todo"}

    step(f"making the example's database in {DEMO.name}/todo and two todos in it")
    run(["python", "manage.py", "migrate", "--verbosity", "0"], clean)
    run(["python", "manage.py", "loaddata", "article"], clean)
    serve = [
        "unspan-collector",
        "serve",
        "--grpc",
        f"127.0.0.1:{grpc}",
        "--http",
        f"127.0.0.1:{web}",
        "--store",
        f"sqlite:///{DEMO}/traces.sqlite3",
    ]
    with running("collector", serve, clean, grpc), running("application", recorded("runserver", f"127.0.0.1:{app}"), traced, app):
        made = make_requests(app)
        tests = [generate(method, path, name, traced) for method, path, name in made]
    step("running them in the example's own test runner, without unspan")
    run(["python", "manage.py", "test", "--verbosity", "2"], clean, only=r"^(test_|Ran |OK|FAILED|ERROR|FAIL)")
    return tests


def recorded(*arguments: str) -> list[str]:
    return ["opentelemetry-instrument", "python", "manage.py", *arguments]


def make_requests(port: int) -> list[tuple[str, str, str]]:
    """What a person would do in a browser. Returns method, path and the name of the test file for each request."""
    step("using the application as a browser would")
    cookie, token = visit(port)
    send(port, "/complete/50/", {"csrfmiddlewaretoken": token}, cookie)
    send(port, "/create/", {"csrfmiddlewaretoken": token, "title": "Write a test"}, cookie)
    return [("GET", "/", "test_todo_list"), ("POST", "/complete/50/", "test_complete"), ("POST", "/create/", "test_create")]


def visit(port: int) -> tuple[str, str]:
    """GET the list: the CSRF cookie and the token in its form."""
    response, body = exchange(port, "GET", "/")
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', body)
    cookies = SimpleCookie(response.getheader("Set-Cookie", ""))
    if response.status != 200 or not found or "csrftoken" not in cookies:
        raise DemoError(f"GET / answered {response.status} without the form that the example has")
    return f"csrftoken={cookies['csrftoken'].value}", found[1]


def send(port: int, path: str, form: dict[str, str], cookie: str) -> None:
    """POST a form."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    response, _ = exchange(port, "POST", path, urlencode(form), headers)
    if response.status != 302:
        raise DemoError(f"POST {path} answered {response.status} where a redirect was expected")


def exchange(
    port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        text = response.read().decode()
    location = response.getheader("Location")
    print(f"    {method} {path} → {response.status}{f' to {location}' if location else ''}", flush=True)
    return response, text


def generate(method: str, path: str, name: str, env: dict[str, str]) -> Path:
    """The test of a request, in the example's tests."""
    trace_id = trace_of(method, path, env)
    target = PROJECT / "todos" / "tests" / f"{name}.py"
    command = ["inverter", "generate", "--trace-id", trace_id, "-o", str(target.relative_to(PROJECT))]
    step(f"{method} {path}: {' '.join(command)}")
    run(command, env)
    return target


def trace_of(method: str, path: str, env: dict[str, str]) -> str:
    """The id of the recorded request; it arrives a moment after the response."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for trace in json.loads(asked(["inverter", "traces", "--json"], env)):
            if (trace["method"], trace["path"], trace["complete"]) == (method, path, True):
                return str(trace["trace_id"])
        time.sleep(0.2)
    raise DemoError(
        f"the trace of {method} {path} did not arrive whole in {START_SECONDS} s. There are:\n{asked(['inverter', 'traces'], env)}"
        f"The application's own words are in {DEMO}/application.log"
    )


def asked(command: Sequence[str], env: dict[str, str]) -> str:
    """What a command that only asks prints."""
    done = subprocess.run(command, cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise DemoError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def running(name: str, command: Sequence[str], env: dict[str, str], port: int) -> Iterator[None]:
    """A server, from when it accepts connections; stopped at the end, whatever happens."""
    step(f"starting the {name}: {' '.join(command).replace(f'{DEMO.parent}/', '')}")
    log = DEMO / f"{name}.log"
    with log.open("wb") as output, started(command, env, stdout=output, stderr=output) as process:
        wait_until_ready(name, process, port, log)
        yield
        step(f"stopping the {name}")


@contextlib.contextmanager
def started(command: Sequence[str], env: dict[str, str], **streams: Any) -> Iterator[subprocess.Popen[Any]]:
    """A command in the example's folder, in a process group of its own; the whole group is ended with the block."""
    with undisturbed() as awake:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=awake, **streams
        )
        try:
            awake()
            yield process
        finally:
            stop(process)


@contextlib.contextmanager
def undisturbed() -> Iterator[Callable[[], object]]:
    """Holds signals back, so that none falls between a start and its `try`; gives what lets them through again."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)


def wait_until_ready(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(
                f"the {name} stopped at once (exit code {process.returncode}). Its words:\n{log.read_text(errors='replace')[-2000:]}"
            )
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise DemoError(
        f"the {name} did not listen on port {port} within {START_SECONDS} s. Its words:\n{log.read_text(errors='replace')[-2000:]}"
    )


def stop(process: subprocess.Popen[Any]) -> None:
    """Asks the group to end, then makes it: the autoreloader and the inverter have children of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


def run(command: Sequence[str], env: dict[str, str], only: str = "") -> None:
    """Runs a command in the example's folder and shows what it prints, or those lines that match `only`."""
    with started(command, env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        text: str = process.communicate()[0]
    shown = [line for line in text.splitlines() if process.returncode or re.search(only, line)]
    print("".join(f"    {line}\n" for line in shown), end="", flush=True)
    if process.returncode:
        raise DemoError(f"`{' '.join(command)}` failed with exit code {process.returncode}")


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def step(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
