"""What a trace says it lacks, in words: the sentence of the recorder, and what can be done about it."""

import re
from collections.abc import Iterator
from typing import Final

from unspan_inverter.showing.pieces import Line, detail
from unspan_inverter.showing.text import inert

RAISE: Final = "set {0} higher where the application runs, and record the request again"
ADVICE: Final[tuple[tuple[str, str], ...]] = (
    (r"\b(UNSPAN_MAX_\w+|UNSPAN_QUEUE_BYTES|UNSPAN_LINEAGE_SECONDS)\b", RAISE),
    (r"exporter's queue was full", "set UNSPAN_QUEUE_BYTES higher where the application runs, or see that the collector is reached; record the request again"),
    (r"there were [\d,]+ before it|only the first [\d,]+", "record a shorter piece of work: no setting raises this limit"),
    (r"its end did not arrive|did not end\b", "wait until the request has ended; where its process was stopped, record it again"),
    (r"did not arrive|of its \d+ parts|have no way up", "see that the collector was reached until the request had ended, and record it again"),
    (r"another profiler is active", "run the application without the other profiler, or with Python 3.12 or later, and record the request again"),
    (r"read before the recording began", "leave OTEL_PYTHON_DJANGO_MIDDLEWARE_POSITION at 0, so that the recorder's middleware comes first"),
    (r"never closed", "record a request whose client waits for the answer; leave OTEL_PYTHON_DJANGO_MIDDLEWARE_POSITION at 0"),
    (r"of a type of its own|handed over as|reading cannot be seen|no regular file", "the recorder looks at plain types only, so as to run no code of the application's: hand over one, or accept the gap with --allow-gaps"),
    (r"of a COPY|further result sets|passed over", "read it in another way while recording, or accept the gap with --allow-gaps"),
    (r"recorded one by one", "look for the traces that it began from then on: `inverter traces`"),
    (r"there were more than [\d,]+", "record a smaller piece of work: no setting raises this limit"),
    (r"changed meanwhile", "record the request again while nothing writes to that file"),
    (r"clock went backwards", "record the request again"),
    (r"inside unspan", "this is a fault of unspan's: report it with this sentence, and use --allow-gaps if what is missing does not matter"),
    (r"no recorded client tells of it|pipes of the program|a process was forked|copy of itself", "the test cannot stand in for it: keep it from happening in the test, or accept it with --allow-gaps"),
)  # fmt: skip
"""What a sentence holds, and what to do then; the first that fits."""
OTHERWISE: Final = "`inverter generate --allow-gaps` makes a test all the same, which names what is missing"


def advice(sentence: str) -> str:
    """What to do about a gap."""
    for pattern, words in ADVICE:
        if found := re.search(pattern, sentence):
            return words.format(*found.groups())
    return OTHERWISE


def missing(sentence: str) -> Iterator[Line]:
    """The lines on one gap."""
    yield Line(f"lost {inert(sentence[:500])}", "problem")
    yield detail(f"→ {inert(advice(sentence[:500]))}")
