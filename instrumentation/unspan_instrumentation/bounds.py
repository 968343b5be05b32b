"""How many records of one sort a request may have: beyond that they are counted as lost, and the request goes on unburdened."""

from unspan_instrumentation.recording import Recording

ATTRIBUTE = "_counted"


def within(recording: Recording, what: str, most: int) -> bool:
    """Counts one more `what` (plural, as the sentence needs it) of this recording; False, and a loss, when there were `most` before."""
    counted: dict[str, int] = recording.__dict__.setdefault(ATTRIBUTE, {})
    counted[what] = number = counted.get(what, 0) + 1
    if number > most:
        recording.lose(f"only the first {most:,} {what} of the request were recorded")
    return number <= most
