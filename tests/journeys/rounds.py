"""The whole way for journeys: made by clients under the recorder, inverted into one test each, and run on an empty database."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from instrumentation.serving import WRAPPER, environment
from unspan_inverter.generate import generated
from unspan_inverter.receiving import Receiver, descriptions
from unspan_inverter.replaying import Replay, replayed
from unspan_inverter.settings import settings, under_recorder
from unspan_inverter.trace import Trace, built

PROJECT = Path(__file__).parent / "project"
ASKING = Path(__file__).parents[1] / "asking.py"


class Round:
    """A copy of the project, and what was recorded in it. `statuses` and `traces`: of each journey's requests."""

    def __init__(self, folder: Path, journeys: Mapping[str, Sequence[Any]]) -> None:
        self.folder = folder
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ASKING, folder)
        (folder / "journeys.json").write_text(json.dumps(journeys))
        for words in (["makemigrations", "shop", "-v0"], ["migrate", "-v0"]):
            self.command([sys.executable, "manage.py", *words], {})
        with Receiver() as receiver:
            printed = self.command([WRAPPER, sys.executable, "record.py", "journeys.json"], under_recorder(receiver.address))
            received = receiver.traces()
        described = descriptions(received)
        done: dict[str, list[tuple[int, str]]] = json.loads(printed)
        self.statuses = {name: [status for status, _ in some] for name, some in done.items()}
        self.traces: dict[str, list[Trace]] = {
            name: [built(received.get(trace_id, []), described) for _, trace_id in some] for name, some in done.items()
        }

    def command(self, words: Sequence[str], more: Mapping[str, str]) -> str:
        env = environment({"DJANGO_SETTINGS_MODULE": "mysite.settings", **more})
        done = subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def test(self, name: str, first: int = 0, style: str = "django") -> str:
        """The text of the journey's test, from one of its requests on."""
        traces = self.traces[name][first:]
        return generated(traces, style=style, journeys=[[one.id for one in traces]]).source

    def replay(self, name: str, first: int, style: str) -> Replay:
        path = self.folder / "shop" / "tests" / f"test_{name}_{first}_{style}.py"
        path.write_text(self.test(name, first, style))
        return replayed(path, style, settings(self.folder), self.folder, self.traces[name][first:], environment({}))
