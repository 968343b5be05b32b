"""How the collector speaks to the person at the terminal: one line on stderr, with its name in front."""

import sys


def say(text: str) -> None:
    """Prints to stderr; further lines are indented. Never fails, also when stderr is gone."""
    try:
        print("unspan-collector: " + text.replace("\n", "\n                  "), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
