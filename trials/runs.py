"""One run of an application through its list: served plain or under the recorder, and everything seen of each request from outside."""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import folders
from application import Application, TrialError, read
from client import Exchange
from lists import plays
from processes import answers, free_port, running

LITERAL = re.compile(r"""'(?:[^']|'')*'|\b[xX]'[0-9a-fA-F]*'|(?<![\w."])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w"])""")
LISTED = re.compile(r"\(\s*(?:\?|NULL)(?:\s*,\s*(?:\?|NULL))*\s*\)")
SAVEPOINT = re.compile(r"\bs\d+_x\d+\b")
"""Names of savepoints: the thread's number, and a count."""


@dataclass
class Played:
    """One play: what was exchanged, what reached the database, what was mailed, what the files and rows were after it."""

    name: str
    trace_id: str
    expected: list[int]
    exchanges: list[Exchange]
    exchange: Exchange | None = None
    """The request itself."""
    statements: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def as_expected(self) -> bool:
        return not self.error and self.exchange is not None and (not self.expected or self.exchange.status in self.expected)


def trace_id(name: str) -> str:
    """The same for a request in each run, so that runs send the same bytes."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


@contextlib.contextmanager
def served(
    folder: Path, scratch: Path, label: str, endpoint: str, recorded: bool, port: int = 0, more: Mapping[str, str] | None = None
) -> Iterator[tuple[Application, str, Path]]:
    """The application, seeded and served. Yields it, its address and the observer's log.

    Its environment is the same recorded or not, for a debug page shows it: also what the wrapper would add to it. `more` are variables for it.
    """
    upstream = free_port()
    application = read(folder, upstream)
    port, home = port or free_port(), application.workdir
    log = scratch / "observed"
    log.write_bytes(b"")
    ours = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{endpoint}",
        "OTEL_SERVICE_NAME": application.name,
        **application.record_env,
        **(more or {}),
    }
    env = application.environ(TRIAL_LOG=str(log), PYTHONPATH=str(home), **ours)
    with contextlib.ExitStack() as stack:
        outside = scratch / f"{label}.upstream"
        stack.enter_context(running(application.upstream, lambda: answers(upstream, "/"), outside, home, application.environ()))
        application.reseed()
        command, ready = application.server(port, recorded), lambda: answers(port, application.health)
        stack.enter_context(running(command, ready, scratch / f"{label}.server", home, env))
        yield application, f"http://127.0.0.1:{port}", log


def played(application: Application, base: str, log: Path, only: Sequence[str] = (), look: bool = True) -> Iterator[Played]:
    """Plays the list. What is not in `only` is played too where later requests may need it, but not given out. `look`: at files and rows too."""
    exchanges: list[Exchange] = []
    offset = log.stat().st_size
    before = folders.stamps(application.home) if look else {}
    for play in plays(application, base, exchanges):
        if only and play.name not in only and application.player == "cases":
            continue
        exchanges.clear()
        found = Played(play.name, trace_id(play.name), play.expected, [])
        try:
            found.exchange = play.run({"traceparent": f"00-{found.trace_id}-{found.trace_id[:16]}-01"})
        except (OSError, TrialError) as error:
            found.error = f"{type(error).__name__}: {error}"[:500]
        found.exchanges = list(exchanges)
        lines = log.read_bytes()[offset:]
        offset += len(lines)
        for line in map(json.loads, lines.splitlines()):
            observed(found, line)
        if look:
            found.files, found.rows = folders.written(before, application.home), folders.rows(application.home)
            before = folders.stamps(application.home)
        if not only or play.name in only:
            yield found


def observed(found: Played, line: dict[str, Any]) -> None:
    if "sql" in line:
        found.statements.append(f"{line['db']}: {masked(line['sql'])}")
    else:
        found.mails.append(json.dumps(line["mail"]))


def masked(sql: str) -> str:
    """A statement without its literals and without how many there are in a list."""
    text = LITERAL.sub("?", sql)
    return " ".join(SAVEPOINT.sub("s?", LISTED.sub("(…)", text)).split())
