"""The whole way of a unit of work: recorded, collected, listed, shown, and turned into a test that is run."""

import json
import subprocess
import sys
from pathlib import Path

from ..serving import WRAPPER, environment

RESTOCK = "yard.management.commands.restock"
SCRIPT = """
set -e
{wrapper} {python} manage.py restock rivet --count 2 >&2
id=$({bin}/inverter traces --json | tee listed.json | {python} -c 'import json, sys; print(json.load(sys.stdin)[0]["trace_id"])')
COLUMNS=300 {bin}/inverter show --trace-id $id > shown.txt
{bin}/inverter generate --trace-id $id > generated.txt 2> checked.txt
{bin}/inverter generate --trace-id latest > /dev/null 2> latest.txt && exit 9
exit 0
"""


def test_from_the_recorder_to_the_terminal(yard: Path, tmp_path: Path) -> None:
    folder = Path(sys.executable).parent
    script = SCRIPT.format(wrapper=WRAPPER, python=sys.executable, bin=folder)
    ports = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", f"sqlite:///{tmp_path}/traces.sqlite3"]
    command = [str(folder / "unspan-collector"), "run", *ports, "--", "sh", "-c", script]
    done = subprocess.run(command, cwd=yard, env=environment({}), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    [listed] = json.loads((yard / "listed.json").read_text())
    assert (listed["method"], listed["path"], listed["status"], listed["complete"]) == ("COMMAND", RESTOCK, None, True)
    trace_id = listed["trace_id"]
    shown = (yard / "shown.txt").read_text().splitlines()
    assert (shown[0], shown[1].partition(" → ")[0], "name='rivet', count=2" in shown[2]) == (
        f"trace {trace_id}",
        f"command {RESTOCK}",
        True,
    )
    made = (yard / "generated.txt").read_text()
    assert (
        'call_command("restock", "rivet", count=2, stdout=stdout)' in made,
        'self.assertEqual(stdout.getvalue(), "rivet: 2\\n")' in made,
    ) == (True, True)
    assert f"Again: inverter generate --trace-id {trace_id} --level work\n" in made
    assert (yard / "checked.txt").read_text().startswith("inverter: the test: 1 test passed, in: ")
    assert "holds no complete request yet" in (yard / "latest.txt").read_text()
