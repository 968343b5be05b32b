"""Uploaded files: name, size and hash of each as Django's parser hands it to the application's upload handlers, none of which notices."""

import hashlib
from functools import wraps
from typing import Any, Final

from unspan_proto.values import Truncated

from unspan_instrumentation.patching import quietly
from unspan_instrumentation.recording import Recording, current

KEPT: Final = 64 << 10
"""Bytes of a file's content that are kept, for the case that the request's body is not."""
MAX_FILES: Final = 200


class File:
    """One file while it passes."""

    def __init__(self, field: Any, name: Any, kind: Any) -> None:
        self.told = {"field": text(field), "name": text(name), "content_type": text(kind)}
        self.digest = hashlib.sha256()
        self.size = 0
        self.start = b""

    def passed(self, data: bytes) -> None:
        self.digest.update(data)
        self.size += len(data)
        if len(self.start) < KEPT:
            self.start += data[: KEPT - len(self.start)]

    def attributes(self, with_content: bool) -> dict[str, Any]:
        found: dict[str, Any] = {**self.told, "size": self.size, "sha256": self.digest.hexdigest()}
        if with_content:
            found["content"] = self.start if len(self.start) == self.size else Truncated("bytes", self.size, self.start)
        return found


class Handler:
    """First among the upload handlers of one parser: sees what they are given, and changes nothing of it."""

    chunk_size = None

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.open: File | None = None

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """The parser goes on."""

    def new_file(self, field_name: Any, file_name: Any, content_type: Any, *args: Any, **kwargs: Any) -> None:
        self.open = quietly(self.recording, "an uploaded file", File, field_name, file_name, content_type)

    def receive_data_chunk(self, raw_data: Any, start: Any) -> Any:
        if self.open is not None and type(raw_data) is bytes:
            quietly(self.recording, "an uploaded file", self.open.passed, raw_data)
        return raw_data

    def file_complete(self, file_size: Any) -> None:
        if self.open is not None:
            quietly(self.recording, "an uploaded file", self.recording.exchange.uploaded, self.open)
            self.open = None

    def upload_complete(self) -> None:
        self.open = None

    def upload_interrupted(self) -> None:
        self.open = None


def watch(module: Any) -> None:
    """For `django.http.multipartparser`."""
    init = module.MultiPartParser.__init__

    @wraps(init)
    def __init__(parser: Any, *args: Any, **kwargs: Any) -> None:
        __traceback_hide__ = True
        init(parser, *args, **kwargs)
        recording = current()
        if recording is not None and recording.exchange is not None:
            quietly(recording, "uploaded files", seat, parser, recording)

    module.MultiPartParser.__init__ = __init__


def seat(parser: Any, recording: Recording) -> None:
    parser._upload_handlers = [Handler(recording), *parser._upload_handlers]


def text(value: object) -> str:
    return value if type(value) is str else ""
