"""Values too long for a test, put into files beside it: what a reader skips is not in his way. Plans in, plans and files out.

The name of a file bears a digest of what is in it: another content is another file, and an edit made by hand is noticed.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final

from unspan_inverter.plan.expressions import DataFile, Plan

PLACES: Final = ("rows", "arrange", "contexts", "act", "asserts")
NAME: Final = re.compile(r"([a-z0-9_]+)_([0-9a-f]{8})\.(?:txt|json|bin)")
LONGEST: Final = 60
"""Characters of a test's name that its files bear."""


@dataclass(slots=True)
class Filing:
    """Takes values of more than `over` characters out of one test."""

    name: str
    over: int
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def part(self, value: Any) -> Any:
        if isinstance(value, (str, bytes)):
            return self.filed(value) if len(value) > self.over else value
        if isinstance(value, (dict, list)):
            text = document(value)
            if text is not None:
                return self.kept("json", text.encode()) if len(text) > self.over else value
        if isinstance(value, dict):
            return {key: self.part(item) for key, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.part(item) for item in value)
        if not is_dataclass(value) or not type(value).__module__.startswith("unspan_inverter.plan"):
            return value
        parts = {one.name: self.part(getattr(value, one.name)) for one in fields(value) if one.init and one.name not in ("row", "note")}
        return replace(value, **parts)  # type: ignore[type-var]

    def filed(self, value: str | bytes) -> Any:
        if isinstance(value, bytes):
            return self.kept("bytes", value)
        try:
            return self.kept("text", value.encode())
        except UnicodeEncodeError:  # half of a pair: no text of a file
            return value

    def kept(self, kind: str, data: bytes) -> DataFile:
        name = f"{self.name[:LONGEST].strip('_')}_{digest(data)}.{ENDINGS[kind]}"
        self.files[name] = data
        return DataFile(name, "lines" if kind == "text" and b"\r" in data else kind)


ENDINGS: Final = {"text": "txt", "json": "json", "bytes": "bin"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]


def document(value: Any) -> str | None:
    """A value as a JSON document that reads as the same again; None where it is none."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return text if json.loads(text) == value and repr(json.loads(text)) == repr(value) else None
    except (TypeError, ValueError, RecursionError):
        return None


def filed(plan: Plan, over: int) -> tuple[Plan, Mapping[str, bytes]]:
    """The plan with its long values in files, and these. `over`: the characters that a value may have in the test."""
    filing = Filing(plan.method_name.removeprefix("test_"), over)
    acts = [replace(one, **{place: filing.part(getattr(one, place)) for place in PLACES}) for one in (plan, *plan.then)]
    return replace(acts[0], then=tuple(acts[1:])), filing.files


def named(source: str) -> set[str]:
    """The data files that a source speaks of."""
    return {found[0] for found in NAME.finditer(source)}


def untouched(name: str, data: bytes) -> bool:
    """Whether a data file is as it was generated."""
    found = NAME.fullmatch(name)
    return found is not None and found[2] == digest(data)
