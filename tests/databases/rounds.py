"""The whole way for the project's views on one kind of database: recorded under the recorder, inverted, and the tests run on empty databases."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from instrumentation.serving import WRAPPER, environment
from unspan_inverter.errors import InverterError
from unspan_inverter.generate import generated
from unspan_inverter.receiving import Receiver, descriptions
from unspan_inverter.settings import under_recorder
from unspan_inverter.trace import built

PROJECT = Path(__file__).parent / "project"
ASKING = Path(__file__).parents[1] / "asking.py"


class Round:
    """A copy of the project. `tests`: path → the text of its test, or why there is none; `outcomes`: path → what was wrong, empty when it passed."""

    def __init__(self, folder: Path, databases: Mapping[str, Any]) -> None:
        self.folder, self.databases = folder, databases
        self.statuses, self.tests = dict[str, tuple[int, str]](), dict[str, str]()
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ASKING, folder)
        self.manage("makemigrations", "-v0")
        for alias in databases:
            self.manage("migrate", "-v0", f"--database={alias}")
        self.record()
        self.outcomes = self.run()

    def command(self, words: Sequence[str], more: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        env = environment({"DJANGO_SETTINGS_MODULE": "mysite.settings", "SHELF_DATABASES": json.dumps(self.databases), **more})
        return subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=600)

    def manage(self, *words: str) -> None:
        done = self.command([sys.executable, "manage.py", *words], {})
        assert done.returncode == 0, done.stderr[-3000:]

    def record(self) -> None:
        with Receiver() as receiver:
            done = self.command([WRAPPER, sys.executable, "record.py"], under_recorder(receiver.address))
            assert done.returncode == 0, done.stderr[-3000:]
            traces = receiver.traces()
        described = descriptions(traces)
        for path, (status, body, trace_id) in json.loads(done.stdout).items():
            self.statuses[path] = (status, body)
            try:
                text = generated([built(traces.get(trace_id, []), described)]).source
            except InverterError as error:
                self.tests[path] = f"refused: {error}"
                continue
            self.tests[path] = text
            app, name = path.strip("/").split("/")
            (self.folder / app / "tests" / f"test_{name}.py").write_text(text)

    def run(self) -> dict[str, str]:
        done = self.command([sys.executable, "manage.py", "test", "--noinput", "-v2"], {})
        ended = re.findall(r"^test_\w+ \((\w+)\.tests\.test_(\w+)\.\S+(?:\nRecorded .*?)? \.\.\. ?(.*)$", done.stderr, re.MULTILINE)
        failures = dict(
            re.findall(
                r"^(?:FAIL|ERROR): \S+ \(\w+\.tests\.test_(\w+)\.\S+\n(?:Recorded .*\n)?-+\n(.*?)(?=^[=-]{20})",
                done.stderr,
                re.MULTILINE | re.DOTALL,
            )
        )
        assert ended, done.stderr[-3000:]
        return {f"/{app}/{name}/": failures.get(name, "" if told.endswith("ok") else told) for app, name, told in ended}
