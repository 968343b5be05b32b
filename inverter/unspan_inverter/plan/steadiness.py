"""Whether a text that the application wrote, to a log, a mail or its output, is the same in another run."""

import re
from typing import Final

from unspan_inverter.plan.answering import OBJECTS, RANDOM, Answer, born_keys, given
from unspan_inverter.plan.bindings import TOKEN, plain_key

TIMED: Final = re.compile(r"\d{1,2}:\d{2}|\b\d{4}-\d\d-\d\d\b")
MEASURED: Final = re.compile(r"\d+\.\d{3,}|\b\d+(?:\.\d+)? ?m?s\b")
"""How long something took."""


def steady(text: str, answer: Answer) -> bool:
    """Whether a text is the same in another run: it has no time that is not held, no measure, no address, no token of chance, no key of a new row."""
    known, keys = given(answer), born_keys(answer)
    by_chance = any(found not in known for pattern in (RANDOM, MEASURED) for found in pattern.findall(text))
    timed = answer.clock.moment is None and any(found not in known for found in TIMED.findall(text))
    return not (by_chance or timed or OBJECTS.search(text) or any(plain_key(token) in keys for token in TOKEN.findall(text)))
