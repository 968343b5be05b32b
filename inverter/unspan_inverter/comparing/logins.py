"""What logging in leaves in rows: a test logs in by itself, right before its request."""

from datetime import datetime

from unspan_inverter.comparing.moments import Moments, seconds


def left(name: str, a: object, b: object, moments: Moments) -> bool:
    """Whether a column's values stand for each other because logging in wrote them, or nobody in a test logged in as this user."""
    if not isinstance(a, datetime):
        return False
    if name == "last_login":
        return b is None and seconds(a) <= moments.first.ended
    return name == "expire_date" and isinstance(b, datetime) and seconds(a) > moments.first.began and seconds(b) > moments.second.began
