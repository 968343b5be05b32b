"""The names: each once, each with a sentence, and the sets of them complete."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from unspan_proto import vocabulary as v

SOURCE = ast.parse(Path(v.__file__).read_text())
ALIASES = {"HTTP_REQUEST_HEADERS", "HTTP_REQUEST_BODY", "HTTP_RESPONSE_HEADERS", "HTTP_RESPONSE_BODY"}
"""An outbound exchange bears the same names as an inbound one."""


def documented() -> dict[str, str | None]:
    """Name of each constant → the text of the string that follows it."""
    found: dict[str, str | None] = {}
    for node, following in zip(SOURCE.body, [*SOURCE.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = following.value.value if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant) else None
            found[node.target.id] = str(text) if text is not None else None
    return found


CONSTANTS = {name: getattr(v, name) for name in documented()}
NAMES = {name: value for name, value in CONSTANTS.items() if isinstance(value, str) and name not in ALIASES}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_constant_has_a_sentence(name: str) -> None:
    text = documented()[name]
    assert text
    assert text.endswith((".", ":", "…"))


def test_every_name_is_used_once() -> None:
    counted = Counter(NAMES.values())
    assert [value for value, n in counted.items() if n > 1] == []


def section(title: str) -> set[str]:
    """The constants below a comment, up to the next one."""
    text = Path(v.__file__).read_text().partition(f"\n# {title}.\n")[2].partition("\n# ")[0]
    return set(re.findall(r"^([A-Z_]+): Final", text, re.MULTILINE))


def test_kinds_are_words_and_attributes_have_dots() -> None:
    kinds = section("Kinds")
    assert {"REQUEST", "CALL", "SQL", "END"} <= kinds
    assert {name for name, value in NAMES.items() if "." not in value} == kinds | {"SCOPE"}


def test_encoded_attributes_are_attributes() -> None:
    assert set(NAMES.values()) >= v.ENCODED


def test_what_has_no_name_of_opentelemetry_s_is_ours() -> None:
    standard = (
        "http.",
        "url.",
        "server.",
        "client.",
        "code.",
        "thread.",
        "exception.",
        "db.",
        "messaging.",
        "file.",
        "process.",
        "network.",
        "https:",
    )
    assert [value for value in NAMES.values() if "." in value and not value.startswith(("unspan.", *standard))] == []
