"""What the application had Django parse of the body: form fields. Read when the request is over; nothing is parsed on our own account."""

import sys
from typing import Any, Final

MAX_FIELDS: Final = 5_000
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def form(request: Any, limit: int) -> list[list[str]] | None:
    """`[name, value]` of each field of `request.POST`; None when it was not parsed, is no form's, or was replaced by something else."""
    post = request.__dict__.get("_post")
    kind = getattr(sys.modules.get("django.http.request"), "QueryDict", None)
    if kind is None or type(post) is not kind or request.content_type not in FORMS:
        return None
    found = [[name, value] for name, values in dict.items(post) for value in values if type(name) is str and type(value) is str]
    size = sum(len(name) + len(value) for name, value in found)
    return found if len(found) <= MAX_FIELDS and size <= limit else None
