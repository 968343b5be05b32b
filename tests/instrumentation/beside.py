"""Records calls of `functions.py` and prints them as JSON: run as a program, alone or under another tool that watches calls too."""

import json
import sys
from typing import Any

import functions
from unspan_instrumentation.calls import choosing, encoding
from unspan_instrumentation.calls.disposition import Project
from unspan_instrumentation.recording import Recording, begin, finish
from unspan_instrumentation.records import Calls
from unspan_instrumentation.redaction import Redactor
from unspan_instrumentation.settings import Settings
from unspan_proto import vocabulary as v
from unspan_proto.span import Wire, from_wire

ACTS = (
    lambda: functions.nested(5), functions.catches, functions.consumes, functions.sends, functions.throws, functions.runs_steps,
    lambda: functions.recursive(3), functions.uses_thing, lambda: functions.closure(1), lambda: functions.comprehension(3),
)  # fmt: skip


def main(file: str) -> None:
    core = choosing.choose(Settings(), Project((), include=("functions",)))
    core.install()
    blocks: list[Any] = []
    recording = Recording(1, 2, lambda record: not blocks.append(record), Settings())
    token = begin(recording)
    core.entered(recording)
    for act in ACTS:
        act()
    core.left(recording)
    finish(token)
    core.finish(recording)
    recording.end()
    wires = [
        from_wire(Wire.FromString(data))
        for block in blocks
        if isinstance(block, Calls)
        for data in encoding.Draft(block, Redactor(Settings())).spans()
    ]
    told = [
        [span.name, *(span.attributes.get(name) for name in (v.ARGUMENTS, v.LOCALS, v.RETURN, v.EXCEPTION_TYPE))]
        for span in sorted(wires, key=lambda span: int(span.span_id, 16))
    ]  # fmt: skip
    with open(file, "w") as out:
        json.dump({"calls": told, "lost": list(recording.lost), "core": type(core).__name__}, out)


if __name__ == "__main__":
    main(sys.argv[1])
