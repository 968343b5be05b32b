"""How the recorder speaks to the person who runs the application: one line each, by the logger `unspan`.

The logger is looked up when it is used: Django's LOGGING disables those that exist when it is read.
"""

import logging
import sys


def warn(sentence: str) -> None:
    """One warning line: where the application's logging sends it, else standard error."""
    logger = logging.getLogger("unspan")
    logger.disabled = False
    try:
        logger.warning("unspan: %s", sentence)
    except Exception:
        complain(sentence)


def complain(sentence: str) -> None:
    """One line on standard error, before any logging is configured."""
    try:
        print(f"unspan: {sentence}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
