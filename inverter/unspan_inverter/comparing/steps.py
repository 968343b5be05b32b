"""A span as a step of a request: by what it is found again in another trace, and what of it is compared. One function a kind, and the table."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from unspan_proto import vocabulary as v
from unspan_proto.errors import NotEncoded
from unspan_proto.span import Span
from unspan_proto.values import ModelRef, Opaque

from unspan_inverter.comparing.correspondence import Correspondence
from unspan_inverter.comparing.forms import fields
from unspan_inverter.comparing.parts import Rows
from unspan_inverter.trace import Trace

NOT_COMPARED: Final = frozenset({v.END, v.PART, v.PROJECT, v.REMEMBERED, v.SUPPORT, v.TAPE, v.DIGEST, v.REQUEST})
"""The recorder's own words, what Django remembered, what the clock and randomness gave, and signatures, which follow from these: a test holds them in its own way."""
LITERAL: Final = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
SEVERAL: Final = re.compile(r"(%s|\?)(?:, ?(?:%s|\?))+")
TUPLES: Final = re.compile(r"(\([^()]*\))(?:, ?\1)+")
VALUES: Final = re.compile(r"\bVALUES (\([^()]*\))")
PLACEHOLDER: Final = re.compile(r"%s|\?")
TRANSACTION: Final = frozenset({"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "START"})
VOLATILE: Final = frozenset({"date", "server", "content-length", "expires", "last-modified", "etag", "age", "vary"})
"""Response headers that follow from the clock, the server or the body."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a request did. `name`: steps of one name are the same thing; `said`: for a sentence; `where`: the function that did it."""

    span: Span
    name: tuple[str, str]
    said: str
    where: str = ""
    aspects: Mapping[str, Any] = field(default_factory=dict)


Described = tuple[str, str, Mapping[str, Any]]
"""Name, words and aspects of a span."""


def steps(trace: Trace, found: Correspondence) -> list[Step]:
    """What a request did, in order."""
    named = {span.span_id: span for span in trace.spans}
    return [
        Step(span, (span.what, name), said, where(span, named), aspects)
        for span in trace.spans
        if span.what not in NOT_COMPARED
        for name, said, aspects in KINDS.get(span.what, other)(span, found)
    ]


def where(span: Span, named: Mapping[str, Span]) -> str:
    """The innermost function of the project around a span."""
    at = named.get(span.parent_id)
    for _ in range(len(named)):
        if at is None or at.what == v.CALL:
            break
        at = named.get(at.parent_id)
    return str(at.attributes.get(v.FUNCTION, "")) if at is not None else ""


def value(span: Span, name: str) -> Any:
    try:
        return span.value(name)
    except NotEncoded:
        return Opaque("unreadable")


def chosen(span: Span, **names: str) -> dict[str, Any]:
    """The aspects of a span that it has, by the words for them."""
    return {word.replace("_", " "): value(span, name) for word, name in names.items() if name in span.attributes}


def call(span: Span, found: Correspondence) -> Iterator[Described]:
    name = str(span.attributes.get(v.FUNCTION, ""))
    aspects = chosen(span, arguments=v.ARGUMENTS, locals=v.LOCALS, result=v.RETURN, exception=v.EXCEPTION_TYPE)
    for word in ("arguments", "locals"):
        aspects[word] = without_own(aspects.get(word, {}))
    yield name, f"{name}()", aspects


def without_own(values: Any) -> Any:
    """Without the object whose method it is, which the name tells: it may have lived before the request, and carry what earlier ones left. A row is the request's."""
    if not isinstance(values, dict) or isinstance(values.get("self"), ModelRef):
        return values
    return {name: one for name, one in values.items() if name != "self"}


def sql(span: Span, found: Correspondence) -> Iterator[Described]:
    """Transactions are stepped through in another way inside a test's own, so of these only what was rolled back counts."""
    text, operation = str(span.attributes.get(v.STATEMENT, "")), str(span.attributes.get(v.OPERATION, ""))
    if operation.split(" ")[0] in TRANSACTION:
        return
    if operation.startswith("ROLLBACK"):
        yield "rollback", "the rollback", {}
        return
    aspects = chosen(span, parameters=v.PARAMETERS, rows_changed=v.ROW_COUNT, error=v.EXCEPTION_TYPE)
    if operation in ("SELECT", "WITH", "VALUES", "("):
        aspects.pop("rows changed", None)
    if isinstance(aspects.get("parameters"), (list, tuple)):
        aspects["parameters"] = parameters(list(aspects["parameters"]), text)
    yield fingerprint(text), shortly(text), aspects | rows(span, found) | written(span, found)


def parameters(some: list[Any], text: str) -> Rows:
    """Those of an INSERT by tuples; those of a list in any order."""
    tuples = VALUES.search(text)
    width = len(PLACEHOLDER.findall(tuples[1])) if tuples else 1
    if tuples and width and len(some) % width == 0 and some:
        return Rows([some[at : at + width] for at in range(0, len(some), width)], (None,) * width, ordered=False)
    return Rows([[one] for one in some], (None,), ordered=not SEVERAL.search(text))


def rows(span: Span, found: Correspondence) -> dict[str, Any]:
    fetched, columns = value(span, v.ROWS), value(span, v.COLUMNS)
    if not isinstance(fetched, list) or any(not isinstance(row, (list, tuple)) for row in fetched):
        return {}
    named = columns if isinstance(columns, list) else []
    labels = tuple(
        found.key_of(str(one[0]), str(one[1])) if isinstance(one, (list, tuple)) and len(one) > 1 and one[0] else None for one in named
    )
    shape = value(span, v.DISTINCT_SHAPE)
    names = tuple(str(one[1]) if isinstance(one, (list, tuple)) and len(one) > 1 else "" for one in named)
    return {"rows": Rows(fetched, labels, not isinstance(shape, dict) or bool(shape.get("ordered")), names)}


def written(span: Span, found: Correspondence) -> dict[str, Any]:
    """The rows of an INSERT, the new values of an UPDATE, the keys that an UPDATE or DELETE chose."""
    label, values, keys = str(span.attributes.get(v.MODEL, "")), value(span, v.WRITTEN), value(span, v.WRITTEN_KEYS)
    aspects: dict[str, Any] = {}
    some = values if isinstance(values, list) else [values] if isinstance(values, dict) else []
    if some and all(isinstance(one, dict) for one in some):
        names = list(dict.fromkeys(name for one in some for name in one))
        labels = tuple(found.key_of(label, str(name)) for name in names)
        aspects["written values"] = Rows([[one.get(name) for name in names] for one in some], labels, names=tuple(map(str, names)))
    if isinstance(keys, list):
        aspects["chosen rows"] = Rows([[key] for key in keys], (found.key_of(label, "pk"),), ordered=False)
    return aspects


def fingerprint(text: str) -> str:
    """A statement without its literals, and with one placeholder for several."""
    plain = LITERAL.sub("?", re.sub(r"\s+", " ", text[:20_000]).strip())
    return TUPLES.sub(r"\1", SEVERAL.sub(r"\1, …", plain))


def shortly(text: str) -> str:
    plain = re.sub(r"^(SELECT (?:DISTINCT )?).*? FROM ", r"\1… FROM ", re.sub(r"\s+", " ", text[:4_000]).replace('"', "").replace("`", ""))
    return plain if len(plain) <= 160 else plain[:159] + "…"


def http(span: Span, found: Correspondence) -> Iterator[Described]:
    method, url = str(span.attributes.get(v.METHOD, "")), str(span.attributes.get(v.URL, ""))
    aspects = chosen(
        span, url=v.URL, request_body=v.HTTP_REQUEST_BODY, status=v.STATUS, answer=v.HTTP_RESPONSE_BODY, exception=v.EXCEPTION_TYPE
    )
    yield f"{method} {re.sub(r'[0-9]+', '#', url.partition('?')[0])}", f"{method} {url.partition('?')[0][:120]}", aspects


def mail(span: Span, found: Correspondence) -> Iterator[Described]:
    yield "mail", "the mail", chosen(span, message=v.MESSAGE, exception=v.EXCEPTION_TYPE)


def cache(span: Span, found: Correspondence) -> Iterator[Described]:
    name = f"{span.attributes.get(v.CACHE_OPERATION, '')} of the cache {span.attributes.get(v.CACHE_ALIAS, 'default')!r}"
    yield name, name, chosen(span, key=v.CACHE_KEY, hit=v.CACHE_HIT, value=v.CACHE_VALUE)


def on_commit(span: Span, found: Correspondence) -> Iterator[Described]:
    name = str(span.attributes.get(v.FUNCTION, "a callback"))
    yield name, f"{name} for after the commit", {}


def stream(span: Span, found: Correspondence) -> Iterator[Described]:
    chunks = value(span, v.CHUNKS)
    body = b"".join(one for one in chunks if isinstance(one, bytes)) if isinstance(chunks, list) else chunks
    yield "stream", "the streamed body", {"content": body} | chosen(span, closed_early=v.CLIENT_GONE)


def storage(span: Span, found: Correspondence) -> Iterator[Described]:
    aspects = chosen(span, name=v.STORAGE_NAME, result=v.STORAGE_RESULT, content=v.STORAGE_CONTENT, sha256=v.STORAGE_SHA256)
    yield span.name, f"{span.what} {span.name}", aspects


def other(span: Span, found: Correspondence) -> Iterator[Described]:
    """A kind without a function of its own: by its name, with all that the contract names of it."""
    own = {name.rpartition(".")[2]: value(span, name) for name in span.attributes if name in v.ENCODED}
    yield span.name, f"{span.what} {span.name}", own


KINDS: Final[Mapping[str, Callable[[Span, Correspondence], Iterator[Described]]]] = {
    v.CALL: call, v.SQL: sql, v.HTTP: http, v.MAIL: mail, v.CACHE: cache, v.ON_COMMIT: on_commit, v.STREAM: stream,
    v.STORAGE: storage,
}  # fmt: skip


def request(trace: Trace) -> Step:
    """What was asked."""
    span = trace.request
    aspects = chosen(span, method=v.METHOD, path=v.PATH, query=v.QUERY, body=v.REQUEST_BODY, user=v.USER, view=v.VIEW, language=v.LANGUAGE)
    headers = value(span, v.REQUEST_HEADERS)
    pairs = headers if isinstance(headers, list) else []
    content_type = next((str(one[1]) for one in pairs if len(one) == 2 and str(one[0]).lower() == "content-type"), "")
    form = fields(content_type, aspects["body"]) if isinstance(aspects.get("body"), bytes) else None
    if form is not None:
        aspects["body"] = form
    return Step(span, (v.REQUEST, "request"), "the request", "", {name: one for name, one in aspects.items() if one not in (b"", [], "")})


def response(trace: Trace, page: bool = True) -> Step:
    """What was answered; without the page itself, and the cookies that go with it, where it is not the application's."""
    span = trace.request
    aspects = chosen(span, status=v.STATUS, exception=v.EXCEPTION)
    if page:
        aspects |= chosen(span, body=v.RESPONSE_BODY, templates=v.RESPONSE_TEMPLATES)
    headers = value(span, v.RESPONSE_HEADERS)
    if isinstance(headers, list):
        aspects["headers"] = {str(one[0]): one[1] for one in headers if len(one) == 2 and str(one[0]).lower() not in VOLATILE}
    cookies = value(span, v.RESPONSE_COOKIES) if page else None
    if isinstance(cookies, dict):
        aspects["cookies"] = {name: one.get("value") if isinstance(one, dict) else one for name, one in cookies.items()}
    return Step(span, (v.REQUEST, "response"), "the response", "", aspects | chosen(span, session_after=v.SESSION_AFTER))
