"""What a trace holds, as lines that are the same however it was recorded: one line a span, indented under what it belongs to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import bare

LONG = 100
PLAIN = (str, bytes, int, float, bool, type(None), list, dict)


def outline(trace: Sequence[Span], shown: frozenset[str], top: str = "") -> list[str]:
    """The lines of the kinds shown, siblings in their order, or only what the calls of the function `top` are and did. A span whose parent
    is not in the trace is marked."""
    ids = {span.span_id: span for span in trace}
    children: dict[str, list[Span]] = {}
    for span in sorted(trace, key=lambda one: (one.start, one.what == v.STREAM)):
        if span.what and span.what != v.END:
            is_top = span.what in (v.REQUEST, v.WORK) and span.parent_id not in ids
            children.setdefault("" if is_top else span.parent_id, []).append(span)

    def below(parent: str, depth: int) -> Iterator[str]:
        for span in children.get(parent, ()):
            if is_told := span.what in shown and not aside(span):
                line, times = LINES[span.what](span), 1
                while (
                    (only := children.get(span.span_id, []))
                    and len(only) == 1
                    and only[0].what == span.what
                    and LINES[span.what](only[0]) == line
                ):
                    span, times = only[0], times + 1
                yield "  " * depth + line + (f" ×{times}" if times > 1 else "")
            yield from below(span.span_id, depth + is_told)

    orphans = [f"lost its parent: {span.name}" for span in trace if span.what not in ("", v.REQUEST, v.WORK) and span.parent_id not in ids]
    if not top:
        return [*below("", 0), *orphans]
    tops = [span for span in trace if span.what == v.CALL and span.name == top]
    return [*(line for span in tops for line in (call(span), *below(span.span_id, 1))), *orphans]


def told(trace: Sequence[Span], names: Sequence[str]) -> list[str]:
    """These attributes of the request."""
    return [f"{name}: {span.value(name)!r}" for span in trace if span.what == v.REQUEST for name in names]


def aside(span: Span) -> bool:
    """Whether it is there beside what the request is about: the project's own telemetry, which some companions bring, what libraries log, or the
    statements by which Django makes itself known to a new connection of some databases."""
    of_connection = span.what == v.SQL and "shop_" not in span.attributes[v.STATEMENT] and span.attributes[v.OPERATION] in ("SELECT", "SET")
    of_library = span.what == v.LOG and span.attributes[v.LOGGER] != "shop"  # a worker lets more of those through
    return of_connection or of_library or span.name.startswith(("mysite.telemetry.", "mysite.celery."))


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
        rows = [
            {name: value for name, value in row.items() if name in ("text", "author_id")}
            for row in (written if type(written) is list else [written])
        ]
        words.append(repr(rows))
    return " ".join(word for word in words if word)


def http(span: Span) -> str:
    path = span.attributes[v.URL].partition("://")[2].partition("/")[2]
    sent, answer = span.value(v.REQUEST_BODY), span.value(v.RESPONSE_BODY)
    words = ["http", span.attributes[v.METHOD], f"/{path}", *short(sent or None), "→", str(span.attributes[v.STATUS]), *short(answer)]
    return " ".join([*words, f"by {span.attributes[v.CLIENT]}"])


def mail(span: Span) -> str:
    message: Any = bare(span.value(v.MESSAGE))
    parts = [*message["alternatives"], *([one["name"], one["type"], one["content"]] for one in message["attachments"])]
    return f"mail {message['subject']} to {message['to'] + message['cc']}: {[message['body'], *parts]} sent {span.attributes[v.MAIL_SENT]}"


def cache(span: Span) -> str:
    words = [f"{name} {span.value(key)!r}" for name, key in (("of", v.CACHE_KEY), ("value", v.CACHE_VALUE)) if key in span.attributes]
    hit, computed = span.attributes.get(v.CACHE_HIT), span.attributes.get(v.CACHE_COMPUTED)
    words += [word for word, here in (("hit", hit is True), ("miss", hit is False), ("computed", computed is True)) if here]
    return " ".join(["cache", span.attributes[v.CACHE_OPERATION], *words])


def log(span: Span) -> str:
    more, raised = span.value(v.LOG_EXTRA), span.attributes.get(v.EXCEPTION_TYPE)
    words = ["log", span.attributes[v.SEVERITY], span.attributes[v.LOGGER], span.attributes[v.LOG_MESSAGE]]
    return " ".join([*words, *([repr(more)] if more else []), *([f"with {raised}"] if raised else [])])


def signal(span: Span) -> str:
    sender, named, receivers = span.attributes.get(v.SIGNAL_SENDER), span.value(v.SIGNAL_ARGUMENTS), span.value(v.SIGNAL_RECEIVERS)
    return f"signal {span.attributes[v.SIGNAL_NAME]} of {sender} {named} to {receivers}"


def storage(span: Span) -> str:
    words = [
        f"{name} {span.value(key)!r}" for name, key in (("holding", v.STORAGE_CONTENT), ("→", v.STORAGE_RESULT)) if key in span.attributes
    ]
    return " ".join(["storage", span.attributes[v.STORAGE_OPERATION], span.attributes[v.STORAGE_NAME], *words])


def process(span: Span) -> str:
    return f"process {span.value(v.COMMAND_ARGUMENTS)} → {span.value(v.STDOUT)} {span.attributes.get(v.EXIT_CODE)}"


def socket(span: Span) -> str:
    return f"socket {span.attributes[v.TRANSPORT]} {span.attributes[v.PEER_ADDRESS]} sent {span.attributes[v.BYTES_SENT]}"


def task(span: Span) -> str:
    run = "at once" if span.attributes[v.TASK_EAGER] else "→ a trace of its own" if v.TASK_TRACE in span.attributes else "lost"
    return f"task {span.attributes[v.TASK_NAME]} {span.value(v.TASK_ARGUMENTS)} for {span.attributes[v.TASK_BACKEND]} {run}"


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
    v.ON_COMMIT: lambda span: f"on commit {span.attributes[v.FUNCTION]} {span.attributes[v.ON_COMMIT_STATE]}",
    v.LOG: log,
    v.SIGNAL: signal,
    v.STORAGE: storage,
    v.PROCESS: process,
    v.SOCKET: socket,
    v.TASK: task,
}
"""How each kind of span is told; one line for a new kind."""
