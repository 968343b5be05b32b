"""Plain scripts: one trace from `django.setup()` to the end of the process."""

from pathlib import Path

import pytest
from unspan_proto import vocabulary as v

from ..sink import Sink
from .conftest import Run
from .outline import losses, outline, works


@pytest.mark.parametrize(
    ("command", "name", "outcome", "error"),
    [
        (["script.py", "bolt", "3"], "script.py", "done", None),
        (["-m", "script", "bolt", "3"], "script", "done", None),
        (["script.py", "bolt", "many"], "script.py", "failed", ["ValueError", "invalid literal for int() with base 10: 'many'"]),
    ],
    ids=["a file", "a module", "raising"],
)
def test_a_script(wrapped: Run, sink: Sink, command: list[str], name: str, outcome: str, error: list[str] | None) -> None:
    assert wrapped(*command).code == (error is not None)
    trace = works(sink, 1)[name]
    root = next(span for span in trace if span.what == v.WORK)
    assert (root.value(v.EXCEPTION), root.value(v.WORK_ARGUMENTS)) == (error, [command[-2:], {}])
    inside = [] if error else ["    call yard.stock.restock"]
    assert outline(trace) == [f"script {name}: {outcome}", "  call __main__.main", *inside]
    assert losses(trace) == []


def test_a_script_in_another_folder(wrapped: Run, sink: Sink, yard: Path, tmp_path: Path) -> None:
    done = wrapped(str(yard / "script.py"), "bolt", "0", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert list(works(sink, 1)) == [str(yard / "script.py")]


FORKING = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
django.setup()
from yard import stock
child = os.fork()
if not child:
    stock.restock("child", 1)
    os._exit(0)
os.waitpid(child, 0)
stock.restock("parent", 1)
"""


def test_a_forked_child_is_a_gap_and_no_damage(wrapped: Run, sink: Sink, yard: Path) -> None:
    (yard / "forking.py").write_text(FORKING)
    assert wrapped("forking.py").code == 0
    trace = works(sink, 1)["forking.py"]
    assert outline(trace) == ["script forking.py: done", "  call yard.stock.restock"]
    assert losses(trace) == ["the process made a copy of itself (os.fork), and what that did was not recorded"]
