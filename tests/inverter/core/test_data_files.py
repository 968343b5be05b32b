"""Long values in files beside a test: what is written reads as the same value again."""

from typing import Any

import pytest
from unspan_inverter.code import source
from unspan_inverter.code.data_files import filed, named, untouched
from unspan_inverter.plan.expressions import Assign, Check, Name, Plan

OVER = 40
VALUES: dict[str, tuple[Any, list[str]]] = {
    "a short text": ("a" * OVER, []),
    "a long text": ("a\n" * OVER, ["txt"]),
    "a text with line ends of its own": ("a\r\n" * OVER, ["txt"]),
    "a text in another script": ("жä🎨" * OVER, ["txt"]),
    "half of a pair": ("\ud800" * OVER, []),
    "a long run of bytes": (bytes(range(256)), ["bin"]),
    "a document": ({"rows": [{"n": n, "of": None} for n in range(OVER)]}, ["json"]),
    "a dict that is no document": ({n: (n,) for n in range(OVER)}, []),
    "a dict that is no document with a long text": ({1: "a" * 2 * OVER}, ["txt"]),
    "numbers that JSON has not": ([float("inf")] * OVER, []),
}


def plan(value: Any) -> Plan:
    return Plan(
        "PagesTests", "test_a_page_is_shown", "4f1c", (), (), (), (), (Assign(Name("found"), value),), (Check("equal", (Name("found"), value)),), needs_database=False
    )  # fmt: skip


@pytest.mark.parametrize("style", ["django", "pytest"])
@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_read_again(name: str, style: str, tmp_path: Any) -> None:
    value, endings = VALUES[name]
    made, files = filed(plan(value), OVER)
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    space: dict[str, Any] = {"__file__": str(tmp_path / "test_pages.py"), "__name__": "test_pages"}

    text = source([made], style)
    exec(compile(text, "test_pages.py", "exec"), space)

    assert [file.rpartition(".")[2] for file in files] == endings
    assert (named(text), all(untouched(*one) for one in files.items())) == (set(files), True)
    if style == "pytest":
        space["test_a_page_is_shown"](client=None)
    else:
        case = space["PagesTests"]("test_a_page_is_shown")
        assert case.run().wasSuccessful()


def test_an_edit_is_noticed() -> None:
    ((name, data),) = filed(plan("a" * 2 * OVER), OVER)[1].items()
    assert (untouched(name, data), untouched(name, data + b"!")) == (True, False)
