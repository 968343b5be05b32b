"""The act: the recorded request as a call of Django's test client."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from unspan_proto.project import Project
from unspan_proto.values import bare

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Key
from unspan_inverter.plan import routes, spoken
from unspan_inverter.plan.bindings import Bindings, literals
from unspan_inverter.plan.documents import document
from unspan_inverter.plan.expressions import Assign, Attr, Call, Context, Import, Name, Statement, call, text
from unspan_inverter.plan.signing import BODY, Signature

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
DROPPED = {
    "connection", "content-length", "content-type", "cookie", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect",
    "accept-encoding", "traceparent", "tracestate", "baggage", "x-csrftoken", "x-xsrf-token", "priority",
}  # fmt: skip
"""Headers that belong to the connection, or that the test client makes itself."""
INCIDENTAL = {
    "user-agent",
    "origin",
    "referer",
    "cache-control",
    "pragma",
    "dnt",
    "upgrade-insecure-requests",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
    "via",
    "forwarded",
    "from",
}
"""Headers that most applications never look at: written out only where their value shows in what the request did."""
SIGNED = ("signature", "hmac", "digest")
"""In a header's name: the body's bytes are signed, and sent exactly."""
LEGAL = re.compile(r"[\w!#$%&'*+.^`|~:-]+", re.ASCII)
"""Names that `http.cookies` lets a cookie have."""
PAYLOAD, DUMPS = Name("payload"), Attr(Import("json"), "dumps")
CLIENT = "127.0.0.1"
"""Where the test client's requests come from."""
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "0.0.0.0", "testserver"}


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file of a multipart body."""

    name: str
    content: bytes
    type: str


NEGOTIATING = ("accept", "if-", "content-", "user-agent", "range")
"""How headers begin whose numbers are no keys."""


@dataclass(frozen=True, slots=True)
class Act:
    """The request, and what has to be put together before it."""

    request: Assign
    before: tuple[Statement, ...] = ()


def act(
    exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None = None, ignored: frozenset[str] = frozenset()
) -> Act:
    """`response = self.client.post(…)`. `traces`: everything the request left behind, to tell which headers mattered.

    `ignored`: names of headers, in lower case, that the project wants left out.
    """
    client = Name("client")
    before: tuple[Statement, ...] = ()
    args: tuple[Any, ...]
    if signature is not None:
        before = (*composed(exchange, bindings), *signature.statements())
        args, kwargs = (BODY,), dict[str, Any](content_type=exchange.header("Content-Type") or "application/octet-stream")
    else:
        args, kwargs = payload(exchange, bindings)
    query = query_arguments(exchange)
    path = (
        address(exchange.path, exchange, bindings) if not exchange.script_name else bound_path(below_prefix(exchange), exchange, bindings)
    )
    if exchange.query and (query is None or args):
        path = text([path, "?" + exchange.query])
        bindings.keep([exchange.query])
    elif query:
        args = ({name: bound_field(name, value, bindings) for name, value in query.items()},)
    if found := headers(exchange, traces, ignored):
        told = {name: signature.header(value) for name, value in found.items()} if signature is not None else found
        kwargs["headers"] = told
        bindings.keep(value for name, value in told.items() if isinstance(value, str) and not name.lower().startswith(NEGOTIATING))
    if exchange.scheme == "https":
        kwargs["secure"] = True
    kwargs |= announced(exchange)
    if exchange.script_name:
        kwargs["SCRIPT_NAME"] = exchange.script_name
    if exchange.client_address not in ("", CLIENT) and exchange.client_address in traces:
        kwargs["REMOTE_ADDR"] = exchange.client_address
    if exchange.method in METHODS:
        return Act(Assign(Name("response"), Call(Attr(client, exchange.method.lower()), (path, *args), tuple(kwargs.items()))), before)
    return Act(Assign(Name("response"), Call(Attr(client, "generic"), (exchange.method, path, *args), tuple(kwargs.items()))), before)


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


def below_prefix(exchange: Exchange) -> str:
    """The path below the prefix that the application is mounted under: what Django resolves."""
    prefix = exchange.script_name.rstrip("/")
    return exchange.path.removeprefix(prefix) if exchange.path.startswith(prefix + "/") else exchange.path


def mounted(exchange: Exchange, project: Project) -> list[Context]:
    """What a server does for an application below a prefix, and the test client does not: Django is told, for the paths that it makes."""
    if not exchange.script_name or project.settings.get("FORCE_SCRIPT_NAME"):
        return []
    prefix = exchange.script_name.rstrip("/") + "/"
    return [Context(call(Import("django.test.utils", "override_script_prefix"), prefix))]


def address(path: str, exchange: Exchange, bindings: Bindings) -> Any:
    """A path as `reverse(…)` where it has a name that gives it back; else its text, with the objects it speaks of."""
    plain = unquote(path)
    found = routes.resolved(plain, bindings.project)
    if found is not None and quoted(plain) == path:
        route, texts = found
        args = [
            bound_argument(name, given, route.converters.get(name, "str"), bindings)
            for name, given in zip(route.parameters, texts, strict=False)
        ]
        return Call(Import("django.urls", "reverse"), (route.name,), (("args", args),) if args else ())
    return bound_path(path, exchange, bindings)


def quoted(path: str) -> str:
    return quote(path, safe="/~:@!$&'()*+,;=")


def bound_argument(name: str, given: str, converter: str, bindings: Bindings) -> Any:
    value = routes.as_argument(given, converter)
    key = bindings.meant(name, value)
    if key is not None:
        return bindings.pk(key)
    bindings.keep([given])
    return value


def bound_path(path: str, exchange: Exchange, bindings: Bindings) -> Any:
    """The path's text, its segments that are a view's argument and a row's key replaced by that row's `pk`."""
    parts: list[Any] = []
    named = {str(bare(value)): name for name, value in exchange.arguments[1].items()}
    for segment in re.split(r"(/)", path):
        key = bound_segment(segment, named, exchange, bindings)
        if key is None:
            bindings.keep([segment])
        parts.append(bindings.pk(key) if key is not None else segment)
    return text(parts)


def bound_segment(segment: str, named: Mapping[str, str], exchange: Exchange, bindings: Bindings) -> Key | None:
    """The row that a path's segment means: an argument of the view, a key that is unique anywhere, or one that the request made."""
    if segment in named or segment in map(str, exchange.arguments[0]):
        return bindings.meant(named.get(segment, ""), segment)
    found = bindings.candidates(segment) if segment not in ("", "/") else []
    made = {row.key for row in bindings.facts.born}
    return next((key for key in found if len(segment) >= 32 or key in made), None)


def query_arguments(exchange: Exchange) -> dict[str, Any] | None:
    """The query as a dict for the client, where encoding it again gives the recorded text."""
    if exchange.method not in ("GET", "HEAD") or not exchange.query or exchange.body:
        return None
    try:
        found = collected(parse_qsl(exchange.query, keep_blank_values=True))
        return found if urlencode(found, doseq=True) == exchange.query else None
    except ValueError:  # more fields than Python takes, or characters that no URL has
        return None


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


def announced(exchange: Exchange) -> dict[str, str]:
    """The body's type and length, where Django refused it by these and nobody read it: the test announces it too, and sends none."""
    length = exchange.header("Content-Length")
    if exchange.body or exchange.body_whole or not exchange.failures or not length.isdecimal():
        return {}
    return {"CONTENT_TYPE": exchange.header("Content-Type"), "CONTENT_LENGTH": length}


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


def odd_cookies(exchange: Exchange) -> bool:
    """Whether a cookie has a name that the test client's jar does not take: then the header is sent as it was, where no login depends on the jar."""
    sent = exchange.cookies_sent or {}
    return exchange.session is None and any(not LEGAL.fullmatch(name) for name in sent)


def headers(exchange: Exchange, traces: str, ignored: frozenset[str] = frozenset()) -> dict[str, str]:
    """The headers that the test sends too."""
    found: dict[str, str] = {}
    host = exchange.header("Host") or exchange.host
    if host and host.rsplit(":", 1)[0].lower() not in LOCAL_HOSTS and not host.startswith("["):
        found["Host"] = host
    if odd_cookies(exchange):
        found["Cookie"] = exchange.header("Cookie")
    for name, value in exchange.headers:
        low = name.lower()
        if (
            low in DROPPED
            or low in ignored
            or low.startswith(("sec-", "cf-"))
            or not re.fullmatch(r"[A-Za-z0-9-]+", name)
            or (low == "accept" and value == "*/*")
        ):
            continue
        if low not in INCIDENTAL or low in exchange.headers_asked or left(value, f"{exchange.scheme}://{host}", traces):
            found[name] = value if "Host" in found else moved(value, f"{exchange.scheme}://{host}")
    return found


def moved(value: str, own: str) -> str:
    """An address of the recorded site as one of the test's."""
    return own.partition("://")[0] + "://testserver" + value.removeprefix(own) if value == own or value.startswith(own + "/") else value


def left(value: str, own: str, traces: str) -> bool:
    """Whether a header's value stands in what the request left behind; an address of the site itself also begins others that the answer names."""
    if not value.startswith(own):
        return bool(value) and value in traces
    return value != own and re.search(re.escape(value) + r"(?![\w/.?-])", traces) is not None


def reversed_or_text(path: str, exchange: Exchange, bindings: Bindings, project: Project) -> Any:
    """A redirect's target as a developer would write it."""
    plain, separator, query = path.partition("?")
    made = address(plain, exchange, bindings)
    return text([made, spoken.bound(separator + query, bindings)]) if query else made
