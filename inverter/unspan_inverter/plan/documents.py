"""JSON documents that a test can hold as Python values: what equals itself, and is nested no deeper than a person reads."""

import json
from typing import Any

MOST_LEVELS = 50
"""Python's parser refuses source of 200 levels; nobody reads 50."""


def document(text: str | bytes) -> Any:
    """A JSON document as a value. Raises ValueError for what is none, and for one that no test could compare: NaN is not equal to itself."""
    try:
        found = json.loads(text, parse_constant=refused)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if too_deep(found):
        raise ValueError("nested too deep")
    return found


def refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def too_deep(document: Any) -> bool:
    level = [document]
    for _ in range(MOST_LEVELS):
        level = [item for one in level if isinstance(one, (dict, list)) for item in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return True
