"""Mail on Django's own backends, and on a server of SMTP that the test is: whole records compared."""

import hashlib
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from email.mime.image import MIMEImage
from importlib import import_module
from typing import Any

import pytest
from unspan_instrumentation import contents, mail, sockets
from unspan_instrumentation.recording import Recording
from unspan_proto import vocabulary as v
from unspan_proto.values import Truncated

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
WHOM = ("a@example.com", ["b@example.com"])


@pytest.fixture(autouse=True)
def patched(django: None) -> None:
    for name, patch in (*mail.PATCHES, *sockets.PATCHES):
        patch(import_module(name))


@pytest.fixture(autouse=True)
def outbox() -> Iterator[list[Any]]:
    import django
    from django.core import mail as django_mail
    from django.test import override_settings

    django_mail.outbox = []
    people = {"ADMINS": "ada@example.com", "MANAGERS": "max@example.com"}
    pairs = django.VERSION < (6, 0)
    with override_settings(EMAIL_BACKEND=LOCMEM, **{name: [("They", one) if pairs else one] for name, one in people.items()}):
        yield django_mail.outbox


class Postbox(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as smtplib wants to hear; refuses recipients called `nobody`."""

    def handle(self) -> None:
        self.say("220 here")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.say("354 go on")
                while self.rfile.readline().strip() != b".":
                    pass
            self.say("550 unknown" if b"nobody" in line else "221 bye" if word == b"QUIT" else "250 fine")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture(scope="module")
def postbox() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Postbox) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def message(subject: str = "Hi", **more: Any) -> dict[str, Any]:
    bare: dict[str, Any] = {name: [] for name in ("cc", "bcc", "reply_to", "alternatives", "attachments")}
    sent = {"subject": subject, "body": "text", "from_email": WHOM[0], "to": WHOM[1], "headers": {}, "content_type": "plain"}
    return {**sent, **bare, **more}


def attached(name: str, kind: str, content: Any) -> dict[str, Any]:
    data = content.encode() if isinstance(content, str) else content
    return {"name": name, "type": kind, "size": len(content), "sha256": hashlib.sha256(data).hexdigest(), "content": content}


def seen(records: Any) -> list[dict[str, Any]]:
    return [record.attributes[v.MESSAGE] for record in records.of(v.MAIL)]


def by_send_mail() -> None:
    from django.core.mail import send_mail

    assert send_mail("Hi", "text", *WHOM, html_message="<p>text</p>") == 1


def by_mass_mail() -> None:
    from django.core.mail import send_mass_mail

    assert send_mass_mail([(str(n), "text", *WHOM) for n in range(2)]) == 2


def by_mail_admins() -> None:
    from django.core.mail import mail_admins, mail_managers

    mail_admins("Broken", "text", html_message="<b>text</b>")
    mail_managers("Sold", "text")


def by_everything() -> None:
    from django.core.mail import EmailMultiAlternatives
    from django.utils.translation import gettext_lazy

    one = EmailMultiAlternatives(
        gettext_lazy("Hi"), "text", *WHOM, cc=["c@example.com"], bcc=["d@example.com"], reply_to=["e@example.com"], headers={"X-Order": "5"}
    )
    one.attach_alternative("<p>text</p>", "text/html")
    one.attach("x.txt", "content", "text/plain")
    one.attach("x.bin", b"\x00\xff", "application/octet-stream")
    image = MIMEImage(b"\x89PNG", "png")
    image.add_header("Content-Disposition", "attachment", filename="x.png")
    one.attach(image)
    one.send()


def by_html() -> None:
    from django.core.mail import EmailMessage

    one = EmailMessage("Hi", "text", *WHOM)
    one.content_subtype = "html"
    one.send()


EVERYTHING = message(
    cc=["c@example.com"],
    bcc=["d@example.com"],
    reply_to=["e@example.com"],
    headers={"X-Order": "5"},
    alternatives=[["<p>text</p>", "text/html"]],
    attachments=[
        attached("x.txt", "text/plain", "content"),
        attached("x.bin", "application/octet-stream", b"\x00\xff"),
        attached("x.png", "image/png", b"\x89PNG"),
    ],
)
SENDING: list[Any] = [
    pytest.param(by_send_mail, [message(alternatives=[["<p>text</p>", "text/html"]])], id="send_mail"),
    pytest.param(by_mass_mail, [message("0"), message("1")], id="send_mass_mail"),
    pytest.param(
        by_mail_admins,
        [
            message("[Django] Broken", from_email="root@localhost", to=["ada@example.com"], alternatives=[["<b>text</b>", "text/html"]]),
            message("[Django] Sold", from_email="root@localhost", to=["max@example.com"]),
        ],
        id="mail_admins and mail_managers",
    ),
    pytest.param(by_everything, [EVERYTHING], id="everything"),
    pytest.param(by_html, [message(content_type="html")], id="html"),
]


@pytest.mark.parametrize(("send", "expected"), SENDING)
@pytest.mark.parametrize("backend", ["locmem", "smtp", "console", "dummy"])
def test_messages(send: Callable[[], None], expected: list[Any], backend: str, postbox: int, recorded: Recording, records: Any) -> None:
    from django.test import override_settings

    dotted = f"django.core.mail.backends.{backend}.EmailBackend"
    with override_settings(EMAIL_BACKEND=dotted, EMAIL_HOST="127.0.0.1", EMAIL_PORT=postbox):
        send()
    assert seen(records) == expected
    assert {one.attributes[v.MAIL_BACKEND] for one in records.of(v.MAIL)} == {dotted}
    assert (records.of(v.SOCKET), recorded.lost) == ([], {}), "what smtplib sends is told by the message"


def test_how_many_were_sent(recorded: Recording, records: Any) -> None:
    by_mass_mail()
    assert [one.attributes[v.MAIL_SENT] for one in records.of(v.MAIL)] == [2, 2]


@pytest.mark.parametrize("silently", [False, True], ids=["aloud", "silently"])
@pytest.mark.parametrize(
    ("port", "to", "error"),
    [(1, "b", "ConnectionRefusedError"), (0, "nobody", "smtplib.SMTPRecipientsRefused")],
    ids=["no server", "refused"],
)
def test_one_that_could_not_be_sent(
    port: int, to: str, error: str, silently: bool, postbox: int, recorded: Recording, records: Any
) -> None:
    from django.core.mail import send_mail
    from django.test import override_settings

    raised: list[str] = []
    with override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port or postbox):
        try:
            send_mail("Hi", "text", WHOM[0], [f"{to}@example.com"], fail_silently=silently)
        except Exception as found:
            raised.append(f"{type(found).__module__}.{type(found).__qualname__}".removeprefix("builtins."))
    (record,) = records.of(v.MAIL)
    assert (raised, record.failed, record.attributes.get(v.EXCEPTION_TYPE)) == (([], False, None) if silently else ([error], True, error))
    assert record.attributes.get(v.MAIL_SENT) in ((0, None) if silently else (None,))


def test_one_connection_for_several(recorded: Recording, records: Any, outbox: list[Any]) -> None:
    from django.core.mail import EmailMessage, get_connection

    with get_connection() as connection:
        for number in range(2):
            EmailMessage(str(number), "text", *WHOM, connection=connection).send()
        connection.send_messages((EmailMessage("2", "text", *WHOM),))
    assert (seen(records), len(outbox)) == ([message("0"), message("1"), message("2")], 3)


def test_a_large_attachment_is_cut_and_hashed(recorded: Recording, records: Any) -> None:
    from django.core.mail import EmailMessage

    data = os.urandom(contents.KEPT + 3)
    one = EmailMessage("Hi", "text", *WHOM)
    one.attach("large", data, "application/x")
    one.send()
    expected = attached("large", "application/x", data) | {"content": Truncated("bytes", len(data), data[: contents.KEPT])}
    assert seen(records)[0]["attachments"] == [expected]


def test_messages_that_are_no_list_are_a_gap(recorded: Recording, records: Any, outbox: list[Any]) -> None:
    from django.core.mail import EmailMessage, get_connection

    get_connection().send_messages(EmailMessage(str(n), "text", *WHOM) for n in range(2))
    assert (len(outbox), list(records)) == (2, [])
    assert recorded.lost == {"mail that was handed over as generator, and not as a list, was not recorded": 1}


def test_no_code_of_a_subject_of_the_applications_runs_for_it(recorded: Recording, records: Any) -> None:
    from django.core.mail import EmailMessage, get_connection
    from django.test import override_settings

    asked = []

    class Subject:
        def __str__(self) -> str:
            asked.append(1)
            return "x"

    with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        get_connection().send_messages([EmailMessage(Subject(), "text", *WHOM)])  # type: ignore[arg-type]
    assert (seen(records), asked) == ([message(f"{__name__}.{Subject.__qualname__}")], [])


def test_nothing_without_a_recording(outbox: list[Any], records: Any) -> None:
    by_everything()
    assert (len(outbox), list(records)) == (1, [])


@pytest.mark.parametrize("where", ["described", "attachment", "noted"])
def test_what_fails_in_the_recorder_does_not_reach_the_application(
    where: str, outbox: list[Any], recorded: Recording, monkeypatch: Any
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"unspan_instrumentation.mail.{where}", broken)
    by_everything()
    assert (len(outbox), recorded.lost) == (1, {"a mail message was not recorded because of RuntimeError inside unspan": 1})
