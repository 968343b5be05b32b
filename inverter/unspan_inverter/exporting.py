"""A trace as an OTLP/JSON file, and back.

OTLP/JSON is protobuf's JSON mapping but for ids, which are hexadecimal; enums are numbers and unknown fields are left out of account.
A file holds the trace and the trace of the project's description. One document, or one a line as other tools write them.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from unspan_proto import vocabulary as v

from unspan_inverter.errors import BadFile, NotInFile
from unspan_inverter.recorded import Recorded, only, project_reference

MAX_BYTES = 1 << 30
"""Larger files are refused before they fill the memory."""
ID_BYTES = {"traceId": (16,), "spanId": (8,), "parentSpanId": (0, 8)}
"""The ids of a span and their lengths; only a root has no parent."""
LINK_BYTES = {"traceId": (16,), "spanId": (8,)}


def as_json(recorded: Recorded) -> str:
    """The trace and its project's description as one OTLP/JSON document."""
    whole = TracesData()
    whole.MergeFrom(recorded.trace)
    whole.MergeFrom(recorded.project)
    document = MessageToDict(whole, use_integers_for_enums=True)
    for thing, lengths in things_with_ids(document):
        for name in lengths:
            if name in thing:
                thing[name] = base64.b64decode(thing[name]).hex()
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def from_json(text: str, name: str) -> TracesData:
    """The spans of OTLP/JSON. Raises BadFile, with `name` for the file."""
    whole = TracesData()
    for document in documents(text, name):
        if not isinstance(document, dict) or not isinstance(document.get("resourceSpans", document.get("resource_spans")), list):
            raise BadFile(name, "it has no list `resourceSpans`")
        try:
            whole.MergeFrom(parsed(document, name))
        except (ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BadFile(name, f"it does not keep to OTLP/JSON ({str(error)[:150]})") from None
    return whole


def parsed(document: dict[str, Any], name: str) -> TracesData:
    for thing, lengths in things_with_ids(document):
        for key, sizes in lengths.items():
            thing[key] = base64.b64encode(octets(thing, key, sizes, name)).decode()
    return ParseDict(document, TracesData(), ignore_unknown_fields=True)


def octets(thing: dict[str, Any], key: str, sizes: tuple[int, ...], name: str) -> bytes:
    """An id's bytes. The names with an underscore are protobuf's own, which its JSON mapping reads too."""
    snake = re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", key)
    text = thing.pop(snake, None) if key not in thing else thing[key]
    text = "" if text is None else text
    if not isinstance(text, str) or not re.fullmatch("(?:[0-9a-fA-F]{2})*", text) or len(text) // 2 not in sizes:
        raise BadFile(name, f"{key} {text!r:.60} is no id of {2 * sizes[-1]} hexadecimal digits")
    return bytes.fromhex(text)


def things_with_ids(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, tuple[int, ...]]]]:
    """Every span and link of a document, with the ids that it holds."""
    for batch in either(document, "resourceSpans"):
        for group in either(batch, "scopeSpans"):
            for span in either(group, "spans"):
                yield span, ID_BYTES
                for link in either(span, "links"):
                    yield link, LINK_BYTES


def either(thing: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The list under a key, or under its name with underscores."""
    found = thing.get(key, thing.get(re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", key)))
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError(f"{key} is no list of objects")
    return found


def documents(text: str, name: str) -> Iterator[Any]:
    """The JSON documents of a text: one, or one a line."""
    text = text.strip()
    if not text:
        raise BadFile(name, "it is empty")
    try:
        yield loads(text)
        return
    except RecursionError:
        raise BadFile(name, "it is nested too deeply") from None
    except ValueError as error:
        first, line, rest = text.partition("\n")
        if not line or not first.rstrip().endswith("}") or not rest.lstrip().startswith("{"):
            raise BadFile(name, f"it is no JSON, or not all of it ({error})") from None
    for number, one in enumerate(text.splitlines(), 1):
        if one.strip():
            try:
                yield loads(one)
            except (ValueError, RecursionError) as error:
                raise BadFile(name, f"line {number} is no JSON, or not all of it ({str(error)[:100]})") from None


def loads(text: str) -> Any:
    return json.loads(text, parse_constant=refuse)


def refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class TraceFile:
    """The traces of an OTLP/JSON file."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._data = from_json(read(path), self.name)
        self._started, kinds = surveyed(self._data)
        self.held = [trace_id for trace_id, found in kinds.items() if v.PROJECT not in found or v.REQUEST in found]

    def fetched(self, trace_id: str, *, project: bool = True) -> Recorded:
        """One trace by its id or the beginning of it; an empty id or `latest` is the only one, or the newest. Raises NotInFile."""
        found = self._chosen(trace_id)
        trace = only(self._data, found)
        reference = project_reference(trace) if project else ""
        known = re.fullmatch("[0-9a-f]{32}", reference)
        return Recorded(found, trace, only(self._data, reference) if known else TracesData())

    def _chosen(self, trace_id: str) -> str:
        if trace_id == "latest" and self.held:
            return max(self.held, key=lambda one: self._started[one])
        fitting = [one for one in self.held if one.startswith(trace_id)]
        if len(fitting) != 1:
            raise NotInFile(self.name, trace_id, self.held)
        return fitting[0]


def surveyed(data: TracesData) -> tuple[dict[str, int], dict[str, set[str]]]:
    """When each trace of a file began, and the kinds of spans it has."""
    started: dict[str, int] = {}
    kinds: dict[str, set[str]] = {}
    for batch in data.resource_spans:
        for group in batch.scope_spans:
            for span in group.spans:
                trace_id = span.trace_id.hex()
                began: int = span.start_time_unix_nano
                started[trace_id] = min(started.get(trace_id, began), began)
                kinds.setdefault(trace_id, set()).update(pair.value.string_value for pair in span.attributes if pair.key == v.KIND)
    return started, kinds


def read(path: Path) -> str:
    """A file's text. Raises BadFile."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadFile(str(path), f"it is larger than {MAX_BYTES >> 20} MB")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(str(path), "it is no UTF-8 text") from None
    except OSError as error:
        raise BadFile(str(path), error.strerror or type(error).__name__) from None
