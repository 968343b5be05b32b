"""Run as a program, with or without the argument `recorded`: what an application sees of the clock and of randomness, as codec text."""

import sys

if "recorded" in sys.argv:
    from unspan_instrumentation import recording, seams

    seams.install()
    recording.begin(recording.Recording(1, 2, lambda record: True))

import copy
import datetime as dt
import functools
import inspect
import os
import pickle
import random
import secrets
import threading
import time
import types
import unittest.mock
import uuid
from datetime import date, datetime

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "project"))
os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
import django

django.setup()
from django.db import models  # noqa: E402
from django.db.migrations.serializer import serializer_factory  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.crypto import get_random_string  # noqa: E402
from unspan_proto.values import encode  # noqa: E402


class Later(datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + dt.timedelta(days=1)


class Plain(datetime):
    pass


class Loaded(random.Random):
    def random(self):
        return super().random() / 2


class Kept:
    now = datetime.now
    clock = time.time
    pick = random.choice
    token = uuid.uuid4


FUNCTIONS = {
    "datetime.now": datetime.now, "datetime.utcnow": datetime.utcnow, "datetime.today": datetime.today, "date.today": date.today, "time.time": time.time,
    "time.localtime": time.localtime, "random.choice": random.choice, "random.random": random.random, "uuid.uuid4": uuid.uuid4,
    "secrets.token_hex": secrets.token_hex, "os.urandom": os.urandom, "timezone.now": timezone.now, "get_random_string": get_random_string,
}  # fmt: skip


def refused(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return [type(error).__name__, str(error)]
    return None


def written(function):
    """How a migration writes a column with this default."""
    try:
        text, imports = serializer_factory(function).serialize()
    except ValueError as error:
        return str(error).partition("<")[0]
    return [text, sorted(imports)]


def parameters(function):
    try:
        return str(inspect.signature(function))
    except ValueError:
        return "none"


def seeded(kind, ask):
    one = kind(7)
    return [ask(one) for _ in range(3)]


def shuffled(one):
    items = list(range(10))
    one.shuffle(items)
    return items


def spread(found, width):
    return [type(found).__name__, len(found), width]


DRAWS = {
    "choice": lambda one: one.choice("abcdef"), "choices": lambda one: one.choices("abc", [1, 2, 3], k=4), "sample": lambda one: one.sample(range(99), 4),
    "shuffle": shuffled, "randint": lambda one: one.randint(1, 99), "randrange": lambda one: one.randrange(0, 99, 3), "random": lambda one: one.random(),
    "uniform": lambda one: one.uniform(1, 2), "gauss": lambda one: one.gauss(0, 1), "getrandbits": lambda one: one.getrandbits(80),
    "randbytes": lambda one: one.randbytes(5), "triangular": lambda one: one.triangular(), "betavariate": lambda one: one.betavariate(1, 2),
}  # fmt: skip


def module_draws():
    random.seed(11)
    return [ask(random) for ask in DRAWS.values()]


def close(moment):
    return abs((datetime.now(moment.tzinfo) - moment).total_seconds()) < 60


def mocked():
    with unittest.mock.patch("time.time", return_value=86_400.0 * 365):
        return [time.time(), str(date.today()), str(datetime.today().year)]


def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(type(datetime.now()).__name__))
    thread.start()
    thread.join()
    return found


SEEN = {
    **{f"{name} is called": callable(one) for name, one in FUNCTIONS.items()},
    **{f"{name} in a migration": written(one) for name, one in FUNCTIONS.items()},
    **{f"{name} has a signature": parameters(one) for name, one in FUNCTIONS.items() if "today" not in name and "utc" not in name},
    **{f"{name} has a name": [one.__name__, one.__doc__] for name, one in FUNCTIONS.items()},
    **{f"{name} equals itself": one == eval(name) for name, one in FUNCTIONS.items()},
    **{f"{name} is copied": copy.copy(one) == one for name, one in FUNCTIONS.items()},
    **{f"{name} is of a kind": [inspect.isroutine(one), inspect.isfunction(one), isinstance(one, types.FunctionType)] for name, one in FUNCTIONS.items()},
    **{f"{kind.__name__} draws {name}": seeded(kind, ask) for kind in (random.Random, Loaded) for name, ask in DRAWS.items()},
    "the module draws": module_draws(),
    "os.urandom is pickled": pickle.loads(pickle.dumps(os.urandom)) is os.urandom,
    "datetime.now is pickled": pickle.loads(pickle.dumps(datetime.now)) == datetime.now,
    "time.time is pickled": pickle.loads(pickle.dumps(time.time)) is time.time,
    "a generator is pickled": seeded(lambda seed: pickle.loads(pickle.dumps(random.Random(seed))), DRAWS["choice"]),
    "now gives": [type(datetime.now()).__name__, datetime.now().tzinfo, close(datetime.now())],
    "now gives with a zone": [datetime.now(dt.UTC).tzinfo is dt.UTC, datetime.now(tz=dt.UTC).tzinfo is dt.UTC, close(datetime.now(dt.UTC))],
    "utcnow gives": [type(datetime.utcnow()).__name__, datetime.utcnow().tzinfo],
    "today gives": [type(datetime.today()).__name__, type(date.today()).__name__, date.today() == datetime.now().date()],
    "an instance asks": [type(datetime(2020, 1, 1).now()).__name__, type(date(2020, 1, 1).today()).__name__],
    "subclasses ask": [type(one.now()).__name__ for one in (Later, Plain)] + [type(one.today()).__name__ for one in (Later, Plain)],
    "a subclass's own method": Later.now() > datetime.now() + dt.timedelta(hours=23),
    "bound to a type": [datetime.now.__self__ is datetime, Plain.now.__self__ is Plain, date.today.__self__ is date, datetime.today.__self__ is datetime],
    "different ones differ": [datetime.now == datetime.utcnow, Plain.now == datetime.now, time.time == time.time_ns],
    "partial": type(functools.partial(datetime.now, dt.UTC)()).__name__,
    "hashed": len({datetime.now, datetime.now, time.time, time.time}),
    "wrong arguments": [
        refused(datetime.now, "x")[0], refused(datetime.utcnow, 1)[0], refused(date.today, 1)[0], refused(random.choice, [])[0], refused(time.time, 1),
        refused(time.localtime, "x")[0], refused(os.urandom, -1), refused(lambda: datetime.now(zone=1))[0],
    ],
    "types refuse": refused(setattr, datetime, "now", None),
    "attributes of a class": [type(Kept.now()).__name__, type(Kept().now()).__name__, type(Kept().clock()).__name__, Kept().pick([3])],
    "a class's function is bound": refused(Kept().token),
    "a column's default": [type(models.DateTimeField(default=default).get_default()).__name__ for default in (datetime.now, timezone.now, time.time, date.today)],
    "deconstructed": models.DateTimeField(default=datetime.now).deconstruct()[3]["default"] == datetime.now,
    "mocked": mocked(),
    "SystemRandom": [0 <= random.SystemRandom().random() < 1, random.SystemRandom().choice([5]), spread(random.SystemRandom().randbytes(4), 4)],
    "secrets": [spread(secrets.token_hex(4), 8), spread(secrets.token_bytes(4), 4), secrets.choice([1]), secrets.randbelow(1)],
    "uuid": [type(uuid.uuid4()).__name__, uuid.uuid4().version, uuid.uuid1().version],
    "given times": [time.localtime(0)[:1], time.gmtime(0)[:6], time.strftime("%Y", time.gmtime(0)), time.ctime(0)[-4:]],
    "in a thread": in_a_thread(),
    "described": [sorted(set(dir(datetime)) ^ set(dir(Plain))), "now" in vars(datetime), "today" in vars(datetime)],
}  # fmt: skip
print(encode(SEEN))
