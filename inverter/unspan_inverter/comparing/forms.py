"""The fields of a form's body, so that one sent urlencoded and one sent as multipart can be compared."""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final
from urllib.parse import parse_qsl

CSRF_FIELD: Final = "csrfmiddlewaretoken"
"""Django's own field, which its test client does without."""


def fields(content_type: str, body: bytes) -> list[list[Any]] | None:
    """`[name, value]` of each field, sorted by name, a file as `[name, [file name, content]]`; None for a body that is no form."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        found: list[list[Any]] = [[name, value] for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)]
    elif kind == "multipart/form-data":
        found = parts(content_type, body)
    else:
        return None
    return sorted((one for one in found if one[0] != CSRF_FIELD), key=lambda one: str(one[0]))


def parts(content_type: str, body: bytes) -> list[list[Any]]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    found: list[list[Any]] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        name = part.get_param("name", "", header="content-disposition")
        file = part.get_filename()
        found.append([str(name), data.decode("utf-8", "replace") if file is None else [file, data]])
    return found
