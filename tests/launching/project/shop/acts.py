"""What any unit of work may do: each function alone, whoever calls it (a view, a task, a command, a test, a script)."""

import logging
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import async_to_sync, sync_to_async
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.db.models import F, Max

from shop.models import Author, Book, Note
from shop.signals import sold

logger = logging.getLogger("shop")


def reads():
    assert Book.objects.filter(price__gt=9).exists()
    assert Book.objects.filter(author_id=1).count() == 2
    assert Book.objects.aggregate(last=Max("pk")) == {"last": 2}
    assert [one.title for one in Book.objects.filter(author_id=1).order_by("pk").iterator()] == ["Emma", "Persuasion"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM shop_book WHERE id = %s", [2])
        assert cursor.fetchone() == ("Persuasion",)


def writes():
    first = Note.objects.create(text="first")
    second = Note.objects.create(text="second")
    keys = [first.pk, second.pk]
    Note.objects.filter(pk=first.pk).update(text="changed")
    Book.objects.filter(pk=-1).update(price=F("price") + 1)
    second.text = "saved"
    second.save()
    assert list(Note.objects.filter(pk__in=keys).order_by("pk").values_list("text", flat=True)) == ["changed", "saved"]
    assert Note.objects.filter(pk__in=keys).delete() == (2, {"shop.Note": 2})


def commits():
    with transaction.atomic():
        Note.objects.create(text="kept")
        transaction.on_commit(after_commit)
        try:
            with transaction.atomic():
                transaction.on_commit(never)
                raise LookupError("undone")
        except LookupError:
            pass


def after_commit():
    return "committed"


def never():
    raise AssertionError


def services():
    """Asks by every client."""
    import http.client
    import urllib.request

    import httpx
    import requests
    import urllib3

    plain, secure = os.environ["SHOP_SERVICE"], os.environ["SHOP_SECURE_SERVICE"]
    assert requests.post(plain + "/rates?of=EUR", json={"amount": 2}, timeout=10).json() == {"rate": 1.25}
    assert requests.get(secure + "/rates", verify=os.environ["SHOP_AUTHORITY"], timeout=10).json() == {"rate": 1.25}
    assert httpx.get(plain + "/rates").status_code == 200
    assert urllib.request.urlopen(plain + "/rates").read() == b'{"rate": 1.25}'
    assert urllib3.PoolManager().request("GET", plain + "/rates").json() == {"rate": 1.25}
    one = http.client.HTTPConnection(plain.partition("://")[2])
    one.request("GET", "/rates")
    assert one.getresponse().read() == b'{"rate": 1.25}'
    one.close()


def services_async():
    async_to_sync(ask_async)()


async def ask_async():
    import aiohttp
    import httpx

    plain = os.environ["SHOP_SERVICE"]
    async with httpx.AsyncClient() as client:
        assert (await client.get(plain + "/rates")).json() == {"rate": 1.25}
    async with aiohttp.ClientSession() as session, session.get(plain + "/rates") as answer:
        assert await answer.json() == {"rate": 1.25}


def mails():
    message = EmailMultiAlternatives("Hello", "It is here.", "shop@example.com", ["ada@example.com"], cc=["bob@example.com"])
    message.attach_alternative("<p>It is here.</p>", "text/html")
    message.attach("bill.txt", "10.50", "text/plain")
    message.send()


def caches():
    cache.delete("rate")
    cache.get("rate")
    cache.set("rate", 41, 60)
    cache.incr("rate")
    cache.get_many(["rate", "none"])
    cache.get_or_set("other", seven)
    cache.delete_many(["rate", "other"])


def seven():
    return 7


def chance():
    import random
    import secrets
    import time
    import uuid
    from datetime import date, datetime

    from django.utils import timezone

    time.time()
    datetime.now()
    date.today()
    timezone.now()
    random.randint(1, 6)
    random.choice("abc")
    uuid.uuid4()
    secrets.token_hex(4)
    os.urandom(4)


def logs():
    logger.warning("%s sold for %d", "Emma", 10, extra={"shelf": 3})
    try:
        raise LookupError("no such book")
    except LookupError:
        logger.exception("it failed")


def signals():
    sold.send(sender=Book, title="Emma")
    Author(name="never saved").full_clean()


def files():
    name = default_storage.save("notes/hello.txt", ContentFile(b"hello"))
    with default_storage.open(name) as file:
        assert file.read() == b"hello"
    assert default_storage.exists(name)
    default_storage.delete(name)


def programs():
    """The first is told of in whole; of the second what it prints is read past everybody."""
    assert subprocess.run(["/bin/echo", "hello"], capture_output=True).stdout == b"hello\n"
    with subprocess.Popen(["/bin/echo", "unseen"], stdout=subprocess.PIPE) as one:
        assert one.stdout.read() == b"unseen\n"


def sockets():
    host, _, port = os.environ["SHOP_SERVICE"].partition("://")[2].partition(":")
    with socket.create_connection((host, int(port))) as one:
        one.sendall(b"GET /rates HTTP/1.0\r\n\r\n")
        assert b"".join(iter(lambda: one.recv(4096), b"")).startswith(b"HTTP/1.1 200")


def pool():
    with ThreadPoolExecutor(1) as workers:
        assert list(workers.map(double, [1, 2])) == [2, 4]


def double(number):
    return number * 2


def generators():
    assert sum(numbers()) == 3
    squares = (double(number) for number in (3, 4))
    assert [*squares] == [6, 8]
    assert async_to_sync(gathered)() == [5, 6]


def numbers():
    yield 1
    yield double(1)


async def gathered():
    return [one async for one in later()]


async def later():
    yield 5
    yield await sync_to_async(double)(3)


def recursion():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(4_000)
    try:
        assert deep(999) == 0
    finally:
        sys.setrecursionlimit(limit)


def deep(left):
    return deep(left - 1) if left else 0


def exceptions():
    try:
        raised_again()
    except RuntimeError:
        return double(1)


def raised_again():
    try:
        raised()
    except LookupError as error:
        raise RuntimeError("again") from error


def raised():
    raise LookupError("first")


class Shelf:
    """Calls of other kinds than those of functions."""

    def __init__(self, size):
        self.size = size

    @property
    def room(self):
        return self.size - 1

    @staticmethod
    def label():
        return "A"

    @classmethod
    def small(cls):
        return cls(3)

    def filled(self):
        def inner(step):
            return self.room + step

        return [inner(step) for step in (1, 2)]


def methods():
    assert Shelf.small().filled() == [3, 4]
    assert Shelf.label() == "A"


def celery():
    from shop.tasks import doubled

    doubled.delay(21)


def jobs():
    from shop.jobs import halved

    halved.enqueue(42)


ACTS = (
    reads, writes, commits, services, services_async, mails, caches, chance, logs, signals, files, programs, sockets, pool, generators,
    recursion, exceptions, methods, celery, jobs,
)  # fmt: skip
