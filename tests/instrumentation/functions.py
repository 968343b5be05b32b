"""Functions to be watched, one for each thing that a core has to get right. Lines do not matter, names do."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

settings = SimpleNamespace(DEBUG=True)


def plain(a: int, b: int = 2) -> int:
    total = a + b
    return total  # noqa: RET504


def signature(first: int, /, second: int, *rest: int, named: int = 4, **more: int) -> None:
    pass


def nothing() -> None:
    pass


def nested(a: int) -> int:
    return plain(a) + plain(a, b=a)


def recursive(n: int) -> int:
    return 0 if n == 0 else 1 + recursive(n - 1)


def rebinds(a: int, b: list[int]) -> None:
    a = a + 1
    b.append(a)


def unchanged(b: list[int]) -> list[int]:
    return b


def deletes(a: int) -> None:
    del a


def closure(a: int) -> int:
    def inner() -> int:
        nonlocal a
        a += 1
        return a

    return inner()


def comprehension(n: int) -> list[int]:
    return [x * x for x in range(n)]


def raises(a: int) -> None:
    raise KeyError("gone", a)


def passes_on() -> None:
    raises(1)


def catches() -> str:
    try:
        passes_on()
    except KeyError as error:
        return handled(error)
    return ""


def handled(error: Exception) -> str:
    return str(error)


def swallows() -> str:
    try:
        raises(3)
    except KeyError:
        return "swallowed"
    return ""


def translates() -> None:
    try:
        raises(2)
    except KeyError as error:
        raise ValueError("another") from error


def tries() -> str:
    with contextlib.suppress(ValueError):
        translates()
    return "done"


def generator(n: int) -> Generator[int, int | None]:
    for i in range(n):
        received = yield i
        if received:
            yield received * 10


def consumes() -> list[int]:
    return list(generator(2))


def sends() -> list[Any]:
    steps = generator(2)
    return [next(steps), steps.send(7), next(steps)]


def delegates() -> Iterator[int]:
    yield from generator(2)


def abandons() -> int:
    for value in generator(3):
        return value
    return -1


def abandons_three() -> int:
    return sum(abandons() for _ in range(3))


def throws() -> str:
    steps = generator(2)
    next(steps)
    try:
        steps.throw(ValueError("thrown"))
    except ValueError as error:
        return handled(error)
    return ""


def interleaves() -> list[int]:
    one, other = generator(2), generator(2)
    return [next(one), next(other), next(one), next(other)]


async def slow(n: int) -> int:
    await asyncio.sleep(0)
    return n


async def gathers() -> list[int]:
    return list(await asyncio.gather(slow(1), slow(2)))


async def steps() -> AsyncIterator[int]:
    yield await slow(1)
    yield await slow(2)


async def collects() -> list[int]:
    return [n async for n in steps()]


def runs() -> list[int]:
    return asyncio.run(gathers())


def runs_steps() -> list[int]:
    return asyncio.run(collects())


class Thing:
    def method(self, a: int) -> int:
        return a

    @classmethod
    def made(cls) -> "Thing":
        return cls()

    @property
    def size(self) -> int:
        return 3


def uses_thing() -> int:
    thing = Thing.made()
    return thing.method(1) + thing.size


def leaves_a_finaliser() -> None:
    class Finalised:
        def __del__(self) -> None:
            nothing()

    Finalised()


def threaded() -> list[int]:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(plain(1)))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        found.append(pool.submit(plain, 2).result())
    return found


def debugging() -> bool:
    return settings.DEBUG


def moves() -> list[int]:
    """A generator and a coroutine that begin on this thread and go on on another."""
    steps, waiting = generator(2), slow(5)
    found = [next(steps)]
    waiting.send(None)

    def rest() -> None:
        found.append(next(steps))
        try:
            waiting.send(None)
        except StopIteration as end:
            found.append(end.value)

    thread = threading.Thread(target=rest)
    thread.start()
    thread.join()
    return found
