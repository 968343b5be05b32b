"""Whatever the moment at which the exporter looks: a secret has one substitute in a trace, and that of a hash or a signature is one."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import pytest
from django.conf import UserSettingsHolder, global_settings, settings
from django.contrib.auth import hashers
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from instrumentation.sink import Sink
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from unspan_instrumentation import holding
from unspan_instrumentation.outbox import Finished, Outbox
from unspan_instrumentation.records import Heard, Record, Signed, Verified
from unspan_instrumentation.redaction.redactor import TOO_EARLY
from unspan_instrumentation.sending import Sender
from unspan_instrumentation.settings import Settings, Target
from unspan_proto import vocabulary as v
from unspan_proto.span import Span

PASSWORD, HASH = "correct-horse-9", PBKDF2PasswordHasher().encode("correct-horse-9", "salt", 10)
TOKEN = "eyJuYW1lIjoiYW5uIn0:1wXyZ0:Wb4xN0Hk1sJ3vQ8rT5yU7iO2pA6dF9gE-ZcXvBnM1qw"


def records() -> list[Any]:
    """A login by a link that the application has signed, as its seams tell of it."""
    brought = {v.REQUEST_FORM: [["password", PASSWORD]], v.QUERY: f"token={TOKEN}"}
    context = set_span_in_context(NonRecordingSpan(SpanContext(7, 8, False, TraceFlags(1))))
    span = TracerProvider().get_tracer("t").start_span("POST", context)
    span.end()
    assert isinstance(span, ReadableSpan)
    return [
        Heard(7, brought),
        Record(7, 1, 9, v.CALL, "f", 1, 2, {v.ARGUMENTS: {"token": TOKEN}}),
        Signed(7, TOKEN, "django invitations"),
        Record(7, 2, 9, v.SQL, "SELECT", 1, 2, {v.STATEMENT: "SELECT password", v.COLUMNS: [["auth.User", "password", "password"]], v.ROWS: [[HASH]]}),
        Verified(7, PASSWORD, HASH),
        Finished(span, {v.KIND: v.REQUEST, **brought}),
        Record(7, 3, 9, v.END, "end", 3, 3, {v.RECORDED: 3, v.LOST: []}),
    ]  # fmt: skip


class ByHand(Outbox):
    """Looks when it is told to."""

    def _start(self) -> bool:
        return True


def sent(looks: Sequence[int], sink: Sink) -> list[Span]:
    """What arrives where the exporter looks after as many records."""
    box = ByHand(found := Settings(target=Target(sink.address)), Sender(found))
    for number, record in enumerate(records(), 1):
        assert box.put(record)
        if number in looks:
            assert box._seal()
    assert box._seal()
    assert box._send()
    assert not box.waiting()
    return sink.spans()


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    """Django's own settings, for the time of a test: others of this process may have none, or theirs."""
    known = vars(settings).copy()
    vars(settings)["_wrapped"] = UserSettingsHolder(global_settings)
    yield
    vars(settings).clear()
    vars(settings).update(known)
    hashers.get_hashers.cache_clear()
    hashers.get_hashers_by_algorithm.cache_clear()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as found:
        yield found


@pytest.mark.parametrize("looks", [one for size in (0, 1, 2, 6) for one in combinations(range(1, 7), size)], ids=str)
def test_the_moment_of_sending_changes_nothing(looks: tuple[int, ...], sink: Sink) -> None:
    spans = {span.what: span for span in sent(looks, sink)}
    [[made_hash]] = spans[v.SQL].value(v.ROWS)
    made_token = spans[v.CALL].value(v.ARGUMENTS)["token"]
    made_password = spans[v.REQUEST].value(v.REQUEST_FORM)[0][1]
    assert PBKDF2PasswordHasher().verify(made_password, made_hash)
    assert (made_token == TOKEN, made_token.rpartition(":")[0]) == (False, TOKEN.rpartition(":")[0])
    assert spans[v.REQUEST].value(v.QUERY) == f"token={made_token}"
    said = {made: how for _, made, _, how in spans[v.END].value(v.REDACTED)}
    assert (said[made_token], spans[v.END].value(v.LOST)) == ("django invitations", [])


def test_what_was_sent_too_early_is_said_and_stays_consistent(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "HOLD", -1.0)
    spans = {span.what: span for span in sent(range(1, 7), sink)}
    made = spans[v.CALL].value(v.ARGUMENTS)["token"]
    assert spans[v.REQUEST].value(v.QUERY) == f"token={made}"
    assert [how for _, one, _, how in spans[v.END].value(v.REDACTED) if one == made] == [""]
    assert spans[v.END].value(v.LOST) == [TOO_EARLY]
