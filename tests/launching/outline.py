"""What a trace holds, as lines that are the same however it was recorded: one line a span, indented under what it belongs to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import bare

LONG = 100
PLAIN = (str, bytes, int, float, bool, type(None), list, dict)


def outline(trace: Sequence[Span], shown: frozenset[str]) -> list[str]:
    """The lines of the kinds shown, siblings in their order. A span whose parent is not in the trace is marked."""
    ids = {span.span_id: span for span in trace}
    children: dict[str, list[Span]] = {}
    for span in sorted(trace, key=lambda one: (one.start, one.what == v.STREAM)):
        if span.what and span.what != v.END:
            children.setdefault(span.parent_id if span.what != v.REQUEST else "", []).append(span)

    def below(parent: str, depth: int) -> Iterator[str]:
        for span in children.get(parent, ()):
            if told := span.what in shown and not aside(span):
                yield "  " * depth + LINES[span.what](span)
            yield from below(span.span_id, depth + told)

    orphans = [f"lost its parent: {span.name}" for span in trace if span.what not in ("", v.REQUEST) and span.parent_id not in ids]
    return [*below("", 0), *orphans]


def aside(span: Span) -> bool:
    """Whether it is there beside what the request is about: the project's own span processor, which some companions bring, or the statements by
    which Django makes itself known to a new connection of some databases."""
    of_connection = span.what == v.SQL and v.MODEL not in span.attributes and span.attributes[v.OPERATION] in ("SELECT", "SET")
    return of_connection or span.name.startswith("mysite.telemetry.")


def request(span: Span) -> str:
    sent, answer = span.value(v.REQUEST_BODY), span.value(v.RESPONSE_BODY)
    words = [span.attributes[v.METHOD], span.attributes[v.PATH], *short(sent), "→", str(span.attributes[v.STATUS]), *short(answer)]
    if user := span.value(v.USER):
        words.append(f"user {user.pk}")
    if failure := span.value(v.EXCEPTION):
        words.append(f"{failure[0]}({failure[1]})")
    if span.attributes.get(v.CSRF_ENFORCED):
        words.append("refused by the CSRF check")
    return " ".join(map(str, [*words, f"by {span.attributes[v.VIEW]}"] if v.VIEW in span.attributes else words))


def short(body: Any) -> list[str]:
    if body is None:
        return []
    text = repr(body)
    return [text if len(text) <= LONG else "a long body"]


def call(span: Span) -> str:
    returned = span.value(v.RETURN)
    ended = f" raised {span.attributes[v.EXCEPTION_TYPE]}" if v.EXCEPTION_TYPE in span.attributes else ""
    return f"call {span.name}" + (f" → {returned!r}" if type(returned) in PLAIN and v.RETURN in span.attributes else "") + ended


def sql(span: Span) -> str:
    """Without what databases spell differently: quotes, and how they hand a new key out."""
    words = ["sql", span.attributes[v.OPERATION], span.attributes.get(v.MODEL, "")]
    if span.attributes[v.OPERATION] == "SELECT":
        words.append(repr([[bare(cell) for cell in row] for row in span.value(v.ROWS, [])]))
    if written := span.value(v.WRITTEN):
        words.append(repr([{name: value for name, value in row.items() if name in ("text", "author_id")} for row in written]))
    return " ".join(word for word in words if word)


def http(span: Span) -> str:
    path = span.attributes[v.URL].partition("://")[2].partition("/")[2]
    sent, answer = span.value(v.REQUEST_BODY), span.value(v.RESPONSE_BODY)
    return " ".join(
        ["http", span.attributes[v.METHOD], f"/{path}", *short(sent or None), "→", str(span.attributes[v.STATUS]), *short(answer)]
    )


def mail(span: Span) -> str:
    message: Any = bare(span.value(v.MESSAGE))
    return f"mail {message['subject']} to {', '.join(message['to'])}"


def cache(span: Span) -> str:
    value, hit = span.value(v.CACHE_VALUE), span.attributes.get(v.CACHE_HIT)
    return f"cache {span.attributes[v.CACHE_OPERATION]} {value!r}" + ("" if hit is None else " hit" if hit else " miss")


def tape(span: Span) -> str:
    return f"tape {span.attributes[v.SOURCE]} in {span.attributes[v.FUNCTION]}: {type(span.value(v.VALUE)).__name__}"


def stream(span: Span) -> str:
    chunks = b"".join(span.value(v.CHUNKS))
    return "stream closed early" if span.attributes.get(v.CLIENT_GONE) else f"stream {chunks!r}"


LINES: Mapping[str, Callable[[Span], str]] = {
    v.REQUEST: request,
    v.CALL: call,
    v.SQL: sql,
    v.HTTP: http,
    v.MAIL: mail,
    v.CACHE: cache,
    v.TAPE: tape,
    v.STREAM: stream,
    v.ON_COMMIT: lambda span: f"on commit {span.attributes[v.FUNCTION]}",
}
"""How each kind of span is told; one line for a new kind."""
