"""The body of the act: the recorded bytes as the test client takes them: a form, a document, files, or the bytes themselves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any
from urllib.parse import parse_qsl

from unspan_inverter.events import Exchange
from unspan_inverter.plan.bindings import Bindings, literals
from unspan_inverter.plan.documents import document
from unspan_inverter.plan.expressions import Assign, Attr, Call, Import, Name, Statement, call
from unspan_inverter.plan.signing import BODY

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
SIGNED = ("signature", "hmac", "digest")
"""In a header's name: the body's bytes are signed, and sent exactly."""
PAYLOAD, DUMPS = Name("payload"), Attr(Import("json"), "dumps")


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file of a multipart body."""

    name: str
    content: bytes
    type: str


def composed(exchange: Exchange, bindings: Bindings) -> Iterator[Statement]:
    """The statements that put a signed body together: a document, or a form with one in it, as a value."""
    kind = exchange.header("Content-Type").split(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")) and (found := parsed_json(exchange.body)) is not None:
        yield Assign(PAYLOAD, bound_json(found, bindings))
        yield Assign(BODY, dumped(PAYLOAD))
    elif kind == URLENCODED and (pairs := form_pairs(exchange.body)):
        data = fields(pairs, exchange, bindings)
        documents = [name for name, value in data.items() if is_dumped(value)]
        if len(documents) == 1:
            yield Assign(PAYLOAD, data[documents[0]].args[0])
            data[documents[0]] = dumped(PAYLOAD)
        several = (("doseq", True),) if any(isinstance(value, list) for value in data.values()) else ()
        yield Assign(BODY, Call(Import("urllib.parse", "urlencode"), (data,), several))
    else:
        yield Assign(BODY, exact(exchange.body))


def dumped(document: Any) -> Call:
    return call(DUMPS, document)


def is_dumped(value: Any) -> bool:
    return isinstance(value, Call) and value.function == DUMPS


def collected(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Pairs as a dict; a name that comes several times has a list."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
        else:
            found[name] = value
    return found


def payload(exchange: Exchange, bindings: Bindings) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The body as the test client takes it: positional data and the content type."""
    header = exchange.header("Content-Type")
    kind = header.split(";")[0].strip().lower()
    form = kind in ("", URLENCODED, MULTIPART)
    if not exchange.body or exchange.method in ("GET", "HEAD", "TRACE"):
        said = (
            not form and kind != "text/plain" and exchange.method in METHODS - {"GET", "HEAD", "TRACE"}
        )  # wsgiref says text/plain of itself
        return ((b"",), {"content_type": header}) if said else ((), {})
    signed = any(mark in name.lower() for name, _ in exchange.headers for mark in SIGNED)
    if signed or not exchange.body_whole:
        return (exact(exchange.body),), {"content_type": header}
    if kind.endswith(("/json", "+json")) and (document := parsed_json(exchange.body)) is not None:
        return (bound_json(document, bindings),), {"content_type": header}
    if kind == URLENCODED:
        return form_data(exchange, header, bindings)
    if kind == MULTIPART and (pairs := multipart(exchange.body, header)) is not None and exchange.method == "POST":
        return (fields(pairs, exchange, bindings),), {}
    return (exact(exchange.body),), {"content_type": header or "application/octet-stream"}


def exact(body: bytes) -> Any:
    """The body's own bytes, as text where that is the same."""
    try:
        found = body.decode()
    except UnicodeDecodeError:
        return body
    return found if found.isprintable() else body


def parsed_json(body: bytes) -> Any:
    """A JSON object or array; None for other bodies, which are sent as they are."""
    try:
        found = document(body)
    except ValueError:
        return None
    return found if isinstance(found, (dict, list)) else None


def form_data(exchange: Exchange, header: str, bindings: Bindings) -> tuple[tuple[Any, ...], dict[str, Any]]:
    pairs = form_pairs(exchange.body)
    if pairs is None:
        return (exact(exchange.body),), {"content_type": header}
    data = fields(pairs, exchange, bindings)
    if exchange.method == "POST":
        return ((data,) if data else ()), {}
    return (call(Import("urllib.parse", "urlencode"), data, doseq=True),), {"content_type": header}


def form_pairs(body: bytes) -> list[tuple[str, Any]] | None:
    """The fields of a form; None for a body that is none."""
    try:
        return [(name, value) for name, value in parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)]
    except ValueError:
        return None


def fields(pairs: list[tuple[str, Any]], exchange: Exchange, bindings: Bindings) -> dict[str, Any]:
    """A form's fields; the CSRF token is left out unless the request was refused for it."""
    kept = [(name, value) for name, value in pairs if name != "csrfmiddlewaretoken" or exchange.csrf_refused]
    return {name: bound_field(name, value, bindings) for name, value in collected(kept).items()}


def bound_field(name: str, value: Any, bindings: Bindings) -> Any:
    if isinstance(value, list):
        return [bound_field(name, item, bindings) for item in value]
    if isinstance(value, File):
        return call(Import("django.core.files.uploadedfile", "SimpleUploadedFile"), value.name, value.content, content_type=value.type)
    key = bindings.meant(name, value) if value else None
    if key is not None:
        return bindings.pk(key)
    if value[:1] in ("{", "[") and (found := parsed_json(value.encode("utf-8", "replace"))):
        return dumped(bound_json(found, bindings))
    bindings.keep([str(value)])
    return value


def bound_json(document: Any, bindings: Bindings, name: str = "?") -> Any:
    if isinstance(document, dict):
        return {key: bound_json(item, bindings, key) for key, item in document.items()}
    if isinstance(document, list):
        return [bound_json(item, bindings, name) for item in document]
    if isinstance(document, (int, str)) and not isinstance(document, bool) and document != "":
        key = bindings.meant(name, document) or bindings.identified(name, document)
        if key is not None:
            return Call(Name("str"), (bindings.pk(key),)) if isinstance(document, str) else bindings.pk(key)
    bindings.keep(literals(document))
    return document


def multipart(body: bytes, header: str) -> list[tuple[str, Any]] | None:
    """The parts of a multipart body; None when it is not one."""
    boundary = re.search(r'boundary="?([^";,]+)"?', header)
    if boundary is None:
        return None
    found: list[tuple[str, Any]] = []
    for part in body.split(b"--" + boundary[1].encode("latin-1"))[1:-1]:
        head, separator, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        message = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
        name = message.get_param("name", header="content-disposition")
        if not separator or not isinstance(name, str):
            return None
        filename = message.get_param("filename", header="content-disposition")
        content = content.removesuffix(b"\r\n")
        found.append(
            (
                decoded(name),
                File(decoded(str(filename)), content, message.get_content_type()) if filename else content.decode("utf-8", "replace"),
            )
        )
    return found


def decoded(name: str) -> str:
    """A header parameter whose bytes were UTF-8."""
    try:
        return name.encode("ascii", "surrogateescape").decode()
    except UnicodeError:
        return name
