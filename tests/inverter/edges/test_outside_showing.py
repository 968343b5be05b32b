"""How what lies outside the application's own code is shown: one line a record, and what it said below."""

from collections.abc import Mapping
from typing import Any

import pytest
from unspan_inverter.showing.lines import lines
from unspan_proto import values
from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import Truncated


def span(kind: str, attributes: Mapping[str, Any]) -> Span:
    said = {name: values.encode(value) if name in v.ENCODED else value for name, value in attributes.items()}
    return Span("4f", "1", "", kind, 1_000_000, 3_000_000, {v.KIND: kind, **said})


SHOWN: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "mail": (
        v.MAIL,
        {v.MESSAGE: {"subject": "Hi", "to": ["a@b.c"], "attachments": [{"name": "x.txt", "type": "text/plain", "content": "text"}]}},
        ["mail 'Hi' to ['a@b.c']", "attached x.txt, text/plain: 'text'"],
    ),
    "mail of older traces": (v.MAIL, {v.MESSAGE: {"subject": "Hi", "to": [], "attachments": ["x.txt"]}}, ["mail 'Hi' to []"]),
    "cache hit": (v.CACHE, {v.CACHE_OPERATION: "get", v.CACHE_KEY: "a", v.CACHE_VALUE: 5, v.CACHE_HIT: True}, ["cache get 'a' → 5"]),
    "cache miss": (v.CACHE, {v.CACHE_OPERATION: "get", v.CACHE_KEY: "a", v.CACHE_HIT: False}, ["cache get 'a' → miss"]),
    "cache computed": (
        v.CACHE,
        {v.CACHE_OPERATION: "get_or_set", v.CACHE_KEY: "a", v.CACHE_VALUE: 5, v.CACHE_HIT: False, v.CACHE_COMPUTED: True},
        ["cache get_or_set 'a' → 5 computed"],
    ),
    "cache refused": (
        v.CACHE, {v.CACHE_OPERATION: "add", v.CACHE_KEY: "a", v.CACHE_VALUE: 1, v.CACHE_DONE: False}, ["cache add 'a' = 1 → refused"],
    ),
    "cache failed": (
        v.CACHE,
        {v.CACHE_OPERATION: "incr", v.CACHE_KEY: "a", v.EXCEPTION_TYPE: "ValueError", v.EXCEPTION_MESSAGE: "none"},
        ["cache incr 'a'", "raised ValueError: none"],
    ),
    "on_commit": (
        v.ON_COMMIT, {v.FUNCTION: "shop.views.notify", v.ON_COMMIT_STATE: "ran", v.ON_COMMIT_ORDER: 1}, ["on_commit shop.views.notify ran as number 1"],
    ),
    "on_commit of older traces": (v.ON_COMMIT, {}, ["on_commit a callback registered"]),
    "log": (
        v.LOG,
        {v.SEVERITY: "ERROR", v.LOGGER: "shop", v.LOG_TEMPLATE: "%s", v.LOG_MESSAGE: "no\nstock", v.LOG_EXTRA: {"order": 5}},
        ["log ERROR shop: no\\nstock", "extra order=5"],
    ),
    "log without its message": (v.LOG, {v.SEVERITY: "INFO", v.LOGGER: "shop", v.LOG_TEMPLATE: "%s", v.LOG_ARGUMENTS: [1]}, ["log INFO shop: %s  [1]"]),
    "signal": (
        v.SIGNAL,
        {v.SIGNAL_NAME: "shop.signals.paid", v.SIGNAL_SENDER: "shop.models.Order", v.SIGNAL_ARGUMENTS: {"number": 5}, v.SIGNAL_RECEIVERS: ["shop.books.book"]},
        ["signal shop.signals.paid(number=5) from shop.models.Order", "received by shop.books.book"],
    ),
    "storage": (
        v.STORAGE,
        {v.STORAGE_OPERATION: "save", v.STORAGE_NAME: "a.txt", v.STORAGE_RESULT: "a_1.txt", v.STORAGE_CONTENT: b"text", v.STORAGE_SIZE: 4},
        ["storage save 'a.txt' → 'a_1.txt'", "content 4 B: b'text'"],
    ),
    "storage in part": (
        v.STORAGE,
        {v.STORAGE_OPERATION: "read", v.STORAGE_NAME: "a", v.STORAGE_CONTENT: Truncated("bytes", -1, b"t")},
        ["storage read 'a'", "content seen in part: <bytes, cut, begins b't'>"],
    ),
    "process": (
        v.PROCESS,
        {v.COMMAND_ARGUMENTS: ["git", "log"], v.EXIT_CODE: 0, v.STDOUT: "one"},
        ["process ['git', 'log'] → 0  2.0 ms", "stdout 'one'"],
    ),
    "socket": (
        v.SOCKET,
        {v.TRANSPORT: "tcp", v.PEER_ADDRESS: "127.0.0.1", v.PEER_PORT: 6379, v.BYTES_SENT: 14},
        ["socket tcp to 127.0.0.1:6379, 14 B sent"],
    ),
    "a path": (v.SOCKET, {v.TRANSPORT: "unix", v.PEER_ADDRESS: "/run/x"}, ["socket unix to /run/x"]),
    "http sent again": (
        v.HTTP, {v.METHOD: "GET", v.URL: "http://x/", v.STATUS: 200, v.RESEND_COUNT: 2}, ["http GET http://x/ → 200 (sent before: 2)  2.0 ms"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_record_is_shown(name: str) -> None:
    kind, attributes, expected = SHOWN[name]
    assert [line.text for line in lines(span(kind, attributes))] == expected


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in SHOWN.values()}))
def test_a_record_without_anything_is_shown_all_the_same(kind: str) -> None:
    assert len(lines(span(kind, {}))) == 1
