"""Lines about what the application had to do with outside its own code and database: mail, caches, files, programs, sockets, signals, logs, signatures."""

from collections.abc import Iterator

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from unspan_inverter.showing.pieces import Line, detail, failure, named, plain, value
from unspan_inverter.showing.text import brief, duration, inert, size

SHOWN = 5
"""So many attachments of a message are shown."""


def mail(span: Span) -> Iterator[Line]:
    message = value(span, v.MESSAGE)
    message = message if isinstance(message, dict) else {}
    yield Line(f"mail {brief(message.get('subject'))} to {brief(message.get('to'))}", v.MAIL)
    attachments = message.get("attachments")
    for one in attachments[:SHOWN] if isinstance(attachments, list) else []:
        if isinstance(one, dict):
            yield detail(
                f"attached {inert(str(one.get('name'))[:200])}, {inert(str(one.get('type'))[:80])}: {brief(one.get('content'), 60)}"
            )
    yield from failure(span)


def cache(span: Span) -> Iterator[Line]:
    hit = span.attributes.get(v.CACHE_HIT)
    held = f" → {brief(value(span, v.CACHE_VALUE))}" if v.CACHE_VALUE in span.attributes else ""
    computed = " computed" if span.attributes.get(v.CACHE_COMPUTED) else ""
    result = (f"{held}{computed}" if computed else " → miss") if hit is False else held if hit else ""
    written = f" = {brief(value(span, v.CACHE_VALUE))}" if hit is None and v.CACHE_VALUE in span.attributes else ""
    refused = " → refused" if v.CACHE_DONE in span.attributes and value(span, v.CACHE_DONE) is False else ""
    yield Line(f"cache {plain(span, v.CACHE_OPERATION)} {brief(value(span, v.CACHE_KEY))}{written}{result}{refused}", v.CACHE)
    yield from failure(span)


def on_commit(span: Span) -> Iterator[Line]:
    became = plain(span, v.ON_COMMIT_STATE) or "registered"
    place = f" as number {plain(span, v.ON_COMMIT_ORDER)}" if v.ON_COMMIT_ORDER in span.attributes else ""
    yield Line(f"on_commit {plain(span, v.FUNCTION) or 'a callback'} {became}{place}", v.ON_COMMIT)
    yield from failure(span)


def log(span: Span) -> Iterator[Line]:
    said = plain(span, v.LOG_MESSAGE) or f"{plain(span, v.LOG_TEMPLATE)}  {brief(value(span, v.LOG_ARGUMENTS), 80)}"
    yield Line(f"log {plain(span, v.SEVERITY)} {plain(span, v.LOGGER)}: {inert(said[:300])}", v.LOG)
    if v.LOG_EXTRA in span.attributes:
        yield detail(f"extra {named(value(span, v.LOG_EXTRA))}")
    yield from failure(span)


def signal(span: Span) -> Iterator[Line]:
    sender = f" from {plain(span, v.SIGNAL_SENDER)}" if v.SIGNAL_SENDER in span.attributes else ""
    yield Line(f"signal {plain(span, v.SIGNAL_NAME)}({named(value(span, v.SIGNAL_ARGUMENTS))}){sender}", v.SIGNAL)
    receivers = value(span, v.SIGNAL_RECEIVERS)
    if isinstance(receivers, list) and receivers:
        yield detail(f"received by {', '.join(inert(str(one)[:200]) for one in receivers[:SHOWN])}")
    yield from failure(span)


def storage(span: Span) -> Iterator[Line]:
    result = f" → {brief(value(span, v.STORAGE_RESULT))}" if v.STORAGE_RESULT in span.attributes else ""
    yield Line(f"storage {plain(span, v.STORAGE_OPERATION)} {plain(span, v.STORAGE_NAME)!r}{result}", v.STORAGE)
    if v.STORAGE_CONTENT in span.attributes:
        length = span.attributes.get(v.STORAGE_SIZE)
        known = size(length) if isinstance(length, int) else "seen in part"
        yield detail(f"content {known}: {brief(value(span, v.STORAGE_CONTENT), 100)}")
    yield from failure(span)


def process(span: Span) -> Iterator[Line]:
    ended = f" → {plain(span, v.EXIT_CODE)}" if v.EXIT_CODE in span.attributes else ""
    yield Line(f"process {brief(value(span, v.COMMAND_ARGUMENTS), 120)}{ended}  {duration(span.end - span.start)}", v.PROCESS)
    for name, attribute in (("stdin", v.STDIN), ("stdout", v.STDOUT), ("stderr", v.STDERR)):
        if value(span, attribute):
            yield detail(f"{name} {brief(value(span, attribute), 100)}")
    yield from failure(span)


def socket(span: Span) -> Iterator[Line]:
    port = f":{plain(span, v.PEER_PORT)}" if v.PEER_PORT in span.attributes else ""
    sent = span.attributes.get(v.BYTES_SENT)
    told = f", {size(sent)} sent" if isinstance(sent, int) else ""
    yield Line(f"socket {plain(span, v.TRANSPORT)} to {plain(span, v.PEER_ADDRESS)}{port}{told}", v.SOCKET)
    yield from failure(span)


def digest(span: Span) -> Iterator[Line]:
    key = f" with the key {plain(span, v.DIGEST_KEY)}" if v.DIGEST_KEY in span.attributes else ""
    yield Line(
        f"digest {plain(span, v.DIGEST_ALGORITHM)} {plain(span, v.DIGEST_VALUE)[:12]}…{key} of {brief(value(span, v.DIGEST_MESSAGE))}",
        v.DIGEST,
    )


OUTSIDE = {
    v.MAIL: mail, v.CACHE: cache, v.ON_COMMIT: on_commit, v.LOG: log, v.SIGNAL: signal, v.STORAGE: storage, v.PROCESS: process, v.SOCKET: socket,
    v.DIGEST: digest,
}  # fmt: skip
"""Kind of span → its lines."""
