"""What a trace says of a task or a command is data: damaged or hostile, it becomes one sentence or literals."""

from dataclasses import replace
from typing import Any

import pytest
from inverter.core.making import trace
from unspan_inverter.errors import InverterError
from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace
from unspan_proto import vocabulary as v
from unspan_proto.values import encode

SEND: dict[str, Any] = {
    v.KIND: v.WORK, v.WORK_KIND: "task", v.WORK_NAME: "shop.tasks.send", v.TASK_PLACE: "shop.tasks.send", v.WORK_OUTCOME: "done", v.TASK_BACKEND: "celery",
    v.WORK_ARGUMENTS: encode([["a"], {}]),
}  # fmt: skip
CLEAR: dict[str, Any] = {
    v.WORK_KIND: "command", v.WORK_NAME: "shop.management.commands.clear", v.WORK_POSITIONAL: encode(["what"]), v.WORK_DEFAULTS: encode({"limit": 1}),
}  # fmt: skip


def of(**more: Any) -> Trace:
    whole = trace()
    return replace(whole, request=replace(whole.request, attributes={v.FORMAT: whole.request.attributes[v.FORMAT], **SEND, **more}))


WRITTEN: dict[str, tuple[dict[str, Any], str]] = {
    "a text that would be code": ({v.WORK_ARGUMENTS: encode([["'); import os; ('"], {}])}, "send(\"'); import os; ('\")"),
    "an option that would be code": (
        {**CLEAR, v.WORK_ARGUMENTS: encode([[], {"what": "x\n; import os", "limit": 2}])}, 'call_command("clear", "x\\n; import os", limit=2)',
    ),
    "a result of a task that asked to be retried": ({v.WORK_OUTCOME: "retried", v.WORK_RESULT: encode(1)}, "            send(\"a\")\n"),
}  # fmt: skip
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({v.TASK_PLACE: "os.system('x')"}, "is not a Python name"),
    "no place": ({v.TASK_PLACE: "", v.WORK_NAME: "send"}, "a task that no name leads to"),
    "an argument's name": ({v.WORK_ARGUMENTS: encode([[], {"a b": 1}])}, "'a b' is not a Python name"),
    "no arguments": ({v.WORK_ARGUMENTS: encode("x")}, "its data does not keep the format"),
    "parameters": ({v.TASK_PARAMETERS: encode(5)}, "its data does not keep the format"),
    "retries": ({v.TASK_RETRIES: "x"}, "its data does not keep the format"),
    "an exception": ({v.EXCEPTION: encode(["1 2.x", "y"])}, "is not a Python name"),
    "options of an older recorder": ({v.WORK_KIND: "command", v.WORK_NAME: "shop.management.commands.clear"}, "does not say how they are given"),
}  # fmt: skip


@pytest.mark.parametrize(("more", "expected"), WRITTEN.values(), ids=list(WRITTEN))
def test_what_was_given_is_a_literal(more: dict[str, Any], expected: str) -> None:
    assert expected in generated([of(**more)]).source


@pytest.mark.parametrize("level", ["integration", "view"])
@pytest.mark.parametrize(("more", "why"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_done_again_is_refused_in_a_sentence(more: dict[str, Any], why: str, level: str) -> None:
    with pytest.raises(InverterError, match=why if level == "integration" else "has no view"):
        generated([of(**more)], level=level)
