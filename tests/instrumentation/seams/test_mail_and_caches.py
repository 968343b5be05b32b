"""Mail and caches, on Django's own backends: whole records compared."""

import asyncio
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from unspan_instrumentation import caching, mail
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v


@pytest.fixture(autouse=True)
def patched(django: None) -> None:
    for name, patch in (*mail.PATCHES, *caching.PATCHES):
        patch(import_module(name))


class TestMail:
    BARE = {"cc": [], "bcc": [], "reply_to": [], "alternatives": [], "attachments": []}

    @pytest.fixture(autouse=True)
    def outbox(self) -> Iterator[list[Any]]:
        from django.core import mail as django_mail
        from django.test import override_settings

        django_mail.outbox = []
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
            yield django_mail.outbox

    def messages(self, records: Any) -> list[Any]:
        return [(record.attributes[v.MESSAGE], record.failed) for record in records.of(v.MAIL)]

    def test_a_message(self, outbox: list[Any], recorded: Recording, records: Any) -> None:
        from django.core.mail import send_mail

        assert send_mail("Hi", "text", "a@example.com", ["b@example.com"]) == 1
        expected = {"subject": "Hi", "body": "text", "from_email": "a@example.com", "to": ["b@example.com"], **self.BARE}
        assert (self.messages(records), len(outbox)) == ([(expected, False)], 1)

    def test_a_message_with_everything(self, outbox: list[Any], recorded: Recording, records: Any) -> None:
        from django.core.mail import EmailMultiAlternatives
        from django.utils.translation import gettext_lazy

        one = EmailMultiAlternatives(
            gettext_lazy("Hi"),
            "text",
            "a@example.com",
            ["b@example.com"],
            cc=["c@example.com"],
            bcc=["d@example.com"],
            reply_to=["e@example.com"],
        )
        one.attach_alternative("<p>text</p>", "text/html")
        one.attach("x.txt", "content", "text/plain")
        one.send()
        assert self.messages(records) == [
            (
                {
                    "subject": "Hi", "body": "text", "from_email": "a@example.com", "to": ["b@example.com"], "cc": ["c@example.com"],
                    "bcc": ["d@example.com"], "reply_to": ["e@example.com"], "alternatives": [["<p>text</p>", "text/html"]], "attachments": ["x.txt"],
                },
                False,
            )
        ]  # fmt: skip

    def test_each_of_several(self, outbox: list[Any], recorded: Recording, records: Any) -> None:
        from django.core.mail import send_mass_mail

        send_mass_mail([(str(n), "", "a@example.com", ["b@example.com"]) for n in range(3)])
        assert [message["subject"] for message, _ in self.messages(records)] == ["0", "1", "2"]

    def test_one_that_could_not_be_sent(self, recorded: Recording, records: Any) -> None:
        from django.core.mail import send_mail
        from django.test import override_settings

        smtp = override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=1)
        with smtp, pytest.raises(ConnectionRefusedError):
            send_mail("Hi", "text", "a@example.com", ["b@example.com"])
        (record,) = records.of(v.MAIL)
        assert (record.failed, record.attributes[v.EXCEPTION_TYPE]) == (True, "ConnectionRefusedError")

    def test_nothing_without_a_recording(self, outbox: list[Any], records: Any) -> None:
        from django.core.mail import send_mail

        assert send_mail("Hi", "text", "a@example.com", ["b@example.com"]) == 1
        assert list(records) == []


def operation(name: str, key: Any = None, value: Any = None, hit: bool | None = None) -> dict[str, Any]:
    found = {v.CACHE_OPERATION: name, v.CACHE_ALIAS: "local", v.CACHE_KEY: key, v.CACHE_VALUE: value, v.CACHE_HIT: hit}
    return {key: item for key, item in found.items() if item is not None}


def seen(record: Any) -> dict[str, Any]:
    return {name: value for name, value in record.attributes.items() if value is not None}


def stored(cache: Any) -> None:
    cache.set("a", {"n": [1]}, 60)
    assert cache.get("a") == {"n": [1]}


OPERATIONS: list[Any] = [
    pytest.param(stored, [operation("set", "a", {"n": [1]}), operation("get", "a", {"n": [1]}, True)], id="set and get"),
    pytest.param(lambda c: (c.set("a", None), c.get("a")), [operation("set", "a"), operation("get", "a", hit=True)], id="a cached None is a hit"),
    pytest.param(lambda c: c.get("none"), [operation("get", "none", hit=False)], id="miss"),
    pytest.param(lambda c: c.get("none", "other"), [operation("get", "none", hit=False)], id="miss with a default"),
    pytest.param(lambda c: (c.add("a", 1), c.incr("a"), c.decr("a", 2)), [operation("add", "a", 1), operation("incr", "a", 2), operation("decr", "a", 0)], id="count"),
    pytest.param(
        lambda c: (c.set_many({"a": 1, "b": 2}), c.get_many(["a", "none"])),
        [operation("set_many", ["a", "b"], {"a": 1, "b": 2}), operation("get_many", ["a", "none"], {"a": 1}, True)],
        id="many",
    ),
    pytest.param(
        lambda c: ("a" in c, c.has_key("a"), c.touch("a"), c.delete("a"), c.delete_many(["a"]), c.clear()),
        [
            operation("has_key", "a", hit=False), operation("has_key", "a", hit=False), operation("touch", "a"), operation("delete", "a"),
            operation("delete_many", ["a"]), operation("clear"),
        ],
        id="the rest",
    ),
    pytest.param(
        lambda c: c.get_or_set("a", lambda: 5),
        [operation("get", "a", hit=False), operation("add", "a", 5), operation("get", "a", 5, True)],
        id="get_or_set",
    ),
    pytest.param(lambda c: asyncio.run(c.aget("none")), [operation("get", "none", hit=False)], id="async"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "expected"), OPERATIONS)
@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "filebased.FileBasedCache"])
def test_operations(act: Callable[[Any], Any], expected: list[Any], backend: str, tmp_path: Any, recorded: Recording, records: Any) -> None:
    from django.core.cache import CacheHandler

    location = str(tmp_path)
    handler = CacheHandler({"default": {}, "local": {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": location}})
    act(handler["local"])
    assert [seen(record) for record in records.of(v.CACHE)] == expected
    assert recorded.lost == {}
