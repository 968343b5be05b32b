"""One program that is no server, run in one way beside one companion on one database: what it was told to do, and the traces."""

import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from celery import Celery
from instrumentation.serving import WRAPPER
from instrumentation.serving import environment as clean
from instrumentation.sink import Sink, whole
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from .feature import Feature
from .forms import PROJECT, Work
from .serving import Receivers, Served, Start, environment

COMMITTING = ("writes", "commits")
"""Acts that have a transaction of their own, so that a test of them is no `TestCase`."""
ALL, PAGE, DOUBLED = "all", "page", "doubled"
"""Units of work that are for no act: the one that does all, a test that asks for a page, the task that a task hands over."""
MESSAGES = "messages"
SECONDS = 60


def units(form: Work, acts: Sequence[str]) -> tuple[str, ...]:
    """What the traces will be of."""
    return (ALL,) if form.together else (*acts, *[PAGE] * form.tests, *[DOUBLED] * (form.queue and "celery" in acts))


def work(
    start: Start, features: Sequence[Feature], packages: Iterable[Path], database: Mapping[str, str], folder: Path, **more: str
) -> Served:
    """Has the acts of the features done, and gives what arrived once all of it is there."""
    receivers, acts = Receivers(), [feature.act for feature in features]
    wanted = units(start.form, acts)
    try:
        env = clean({**environment(start, receivers.addresses(), packages, database, folder), **more})
        said = queue(start, acts, env, folder) if start.form.queue else run(start, [*acts, PAGE] if start.form.tests else acts, env)
        traces = {} if more else arrived(receivers.ours, wanted, said)
        held = {feature.name: ALL if start.form.together else feature.act for feature in features}
        return Served(start, wanted, traces, held, receivers.ours.spans(), receivers.theirs(), said)
    finally:
        receivers.close()


def run(start: Start, acts: Iterable[str], env: Mapping[str, str]) -> str:
    """What a program says that ends by itself, and well."""
    words = [start.form.word.replace("NAME", name).replace("KIND", kind(name)) for name in acts]
    if start.elsewhere:
        words = [word.replace("suite.py", f"{PROJECT.name}/suite.py") for word in words]
    done = subprocess.run([*command(start), *words], cwd=folder_of(start), env=env, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def kind(act: str) -> str:
    return "CommittingTests" if act in COMMITTING else "ActTests"


def command(start: Start) -> list[str]:
    return [WRAPPER, *(start.form.elsewhere if start.elsewhere else start.form.command)]


def folder_of(start: Start) -> Path:
    return PROJECT.parent if start.elsewhere else PROJECT


def queue(start: Start, acts: Sequence[str], env: Mapping[str, str], folder: Path) -> str:
    """What a worker says that does as messages tell it, until it is told to stop."""
    messages, log = folder / MESSAGES, folder / "worker.log"
    messages.mkdir()
    app = Celery("sender", broker="filesystem://", set_as_current=False)
    app.conf.broker_transport_options = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), messages)
    with app.connection_for_write() as connection:
        for name in acts:
            app.send_task("shop.tasks.act", [name], connection=connection)
    count = len(units(start.form, acts))
    with log.open("w") as file, subprocess.Popen(command(start), cwd=folder_of(start), env=env, stdout=file, stderr=file) as worker:
        deadline = time.monotonic() + SECONDS
        while log.read_text().count(" succeeded in ") < count and worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        worker.terminate()
        worker.wait(SECONDS)
    assert log.read_text().count(" succeeded in ") == count, log.read_text()
    return log.read_text()


def arrived(sink: Sink, wanted: Sequence[str], said: str) -> dict[str, list[Span]]:
    """Unit of work → its whole trace."""
    try:
        spans = sink.until(lambda found: set(wanted) <= {name(span) for span in found if span.what == v.WORK} and settled(found), 30)
    except AssertionError:
        missing = set(wanted) - {name(span) for span in sink.spans() if span.what == v.WORK}
        raise AssertionError(f"of {missing or 'nothing'} the root is missing, or an end is; the program said: {said}") from None
    return {name(span): list(whole(spans, span.trace_id)) for span in spans if span.what == v.WORK}


def settled(spans: Iterable[Span]) -> bool:
    kinds = [span.what for span in spans]
    return kinds.count(v.WORK) == kinds.count(v.BEGUN) == kinds.count(v.END) - kinds.count(v.REQUEST)


def name(root: Span) -> str:
    """The act that a unit of work is for."""
    title = root.attributes[v.WORK_NAME]
    if root.attributes[v.WORK_KIND] == "task":
        return title.rpartition(".")[2] if title != "shop.tasks.act" else root.value(v.WORK_ARGUMENTS)[0][0]
    return title.rpartition("test_")[2] if root.attributes[v.WORK_KIND] == "test" else ALL
