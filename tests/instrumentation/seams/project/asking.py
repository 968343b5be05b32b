"""The project's own code, asking the outside for values."""

import os
import random
import secrets
import time
import uuid

from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.timezone import now


class Clocked:
    clock = time.time
    pick = random.choice


def shuffled():
    items = [1, 2, 3]
    random.shuffle(items)
    return items


ASKED = {
    "django.utils.timezone.now": timezone.now,
    "random.choice": lambda: random.choice(["a", "b"]),
    "random.randint": lambda: random.randint(1, 6),
    "random.random": random.random,
    "random.sample": lambda: random.sample(range(100), 3),
    "random.shuffle": shuffled,
    "uuid.uuid4": uuid.uuid4,
    "uuid.uuid1": uuid.uuid1,
    "secrets.token_hex": lambda: secrets.token_hex(4),
    "secrets.choice": lambda: secrets.choice("xyz"),
    "time.time": lambda: time.time(),
    "os.urandom": lambda: os.urandom(3),
    "django.utils.crypto.get_random_string": lambda: get_random_string(5),
}


def ask(source):
    return ASKED[source]()


def early():
    return now()


def attributes():
    clocked = Clocked()
    return clocked.clock(), clocked.pick([7])
