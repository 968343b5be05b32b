"""The act: the recorded request as a call of Django's test client, its address and its headers. What it sends is made in `bodies`."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from unspan_proto.project import Project
from unspan_proto.values import bare

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Key
from unspan_inverter.plan import routes, spoken
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.bodies import METHODS, bound_field, collected, composed, payload
from unspan_inverter.plan.expressions import Assign, Attr, Call, Context, Do, Import, Name, Statement, call, text
from unspan_inverter.plan.signing import BODY, Signature

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
LIBRARY = re.compile(r"(?i)(?:python-(?:requests|urllib|httpx|urllib3)|httpx|aiohttp|curl|wget|go-http-client|okhttp|node)\b")
"""How libraries call themselves: what the application sends to others bears the same name by itself."""
LEGAL = re.compile(r"[\w!#$%&'*+.^`|~:-]+", re.ASCII)
"""Names that `http.cookies` lets a cookie have."""
CLIENT = "127.0.0.1"
"""Where the test client's requests come from."""
TESTSERVER = "testserver"
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "0.0.0.0", TESTSERVER}


@dataclass(frozen=True, slots=True)
class Sender:
    """What makes the request, the variable for what comes of it, and whether paths are written by the names of routes."""

    by: Any
    into: Name
    by_name: bool = True


CLIENT_SENDS = Sender(Name("client"), Name("response"))
FACTORY_MAKES = Sender(call(Import("django.test", "RequestFactory")), Name("request"), False)
NEGOTIATING = ("accept", "if-", "content-", "user-agent", "range")
"""How headers begin whose numbers are no keys."""


@dataclass(frozen=True, slots=True)
class Act:
    """The request, and what has to be put together before it."""

    request: Assign | Do
    before: tuple[Statement, ...] = ()


def act(
    exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None = None, ignored: frozenset[str] = frozenset(),
    sender: Sender = CLIENT_SENDS,
) -> Act:  # fmt: skip
    """`response = self.client.post(…)`. `traces`: everything the request left behind, to tell which headers mattered.

    `ignored`: names of headers, in lower case, that the project wants left out.
    """
    before: tuple[Statement, ...] = ()
    args: tuple[Any, ...]
    if signature is not None:
        before = (*composed(exchange, bindings), *signature.statements())
        args, kwargs = (BODY,), dict[str, Any](content_type=exchange.header("Content-Type") or "application/octet-stream")
    else:
        args, kwargs = payload(exchange, bindings)
    query = query_arguments(exchange)
    named = sender.by_name and not exchange.script_name
    path = address(exchange.path, exchange, bindings) if named else bound_path(below_prefix(exchange), exchange, bindings)
    if exchange.query and (query is None or args):
        path = text([path, "?" + exchange.query])
        bindings.keep([exchange.query])
    elif query:
        args = ({name: bound_field(name, value, bindings) for name, value in query.items()},)
    if found := headers(exchange, bindings.project, traces, ignored):
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
        return Act(Assign(sender.into, Call(Attr(sender.by, exchange.method.lower()), (path, *args), tuple(kwargs.items()))), before)
    return Act(Assign(sender.into, Call(Attr(sender.by, "generic"), (exchange.method, path, *args), tuple(kwargs.items()))), before)


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
            bound_argument(name, given, route.converters.get(name, "str"), bindings, {one for one in texts if one and one != given})
            for name, given in zip(route.parameters, texts, strict=False)
        ]
        return Call(Import("django.urls", "reverse"), (route.name,), (("args", args),) if args else ())
    return bound_path(path, exchange, bindings)


def quoted(path: str) -> str:
    return quote(path, safe="/~:@!$&'()*+,;=")


def bound_argument(name: str, given: str, converter: str, bindings: Bindings, beside: Collection[str] = ()) -> Any:
    value = routes.as_argument(given, converter)
    key = bindings.meant(name, value, beside)
    if key is not None:
        bindings.addressed.add(key)
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


def announced(exchange: Exchange) -> dict[str, str]:
    """The body's type and length, where Django refused it by these and nobody read it: the test announces it too, and sends none."""
    length = exchange.header("Content-Length")
    if exchange.body or exchange.body_whole or not exchange.failures or not length.isdecimal():
        return {}
    return {"CONTENT_TYPE": exchange.header("Content-Type"), "CONTENT_LENGTH": length}


def odd_cookies(exchange: Exchange) -> bool:
    """Whether a cookie has a name that the test client's jar does not take: then the header is sent as it was, where no login depends on the jar."""
    sent = exchange.cookies_sent or {}
    return exchange.session is None and any(not LEGAL.fullmatch(name) for name in sent)


def own_host(exchange: Exchange, project: Project) -> str:
    """The host that the test asks for; nothing for the test client's. A local one stays where the application looked at the header itself, if tests
    may ask for it."""
    host = exchange.header("Host") or exchange.host
    name = host.rsplit(":", 1)[0].lower()
    if host.startswith("[") or name in ("", TESTSERVER):
        return ""
    allowed: Any = project.settings.get("ALLOWED_HOSTS") or ()
    return host if name not in LOCAL_HOSTS or ("host" in exchange.headers_asked and ("*" in allowed or name in allowed)) else ""


def headers(exchange: Exchange, project: Project, traces: str, ignored: frozenset[str] = frozenset()) -> dict[str, str]:
    """The headers that the test sends too."""
    host = exchange.header("Host") or exchange.host
    found = {"Host": own} if (own := own_host(exchange, project)) else {}
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
        if low == "user-agent" and LIBRARY.match(value):
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
    plain = re.split(r"[?#]", path, maxsplit=1)[0]
    made, rest = address(plain, exchange, bindings), path[len(plain) :]
    return text([made, spoken.bound(rest, bindings)]) if len(rest) > 1 else made
