"""Requests that an ASGI server made of asynchronous views become tests that are coroutine functions, and do the same."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from instrumentation.serving import WRAPPER, environment
from unspan_inverter.generate import generated
from unspan_inverter.receiving import Receiver, descriptions
from unspan_inverter.replaying import Replay, replayed
from unspan_inverter.settings import settings, under_recorder
from unspan_inverter.trace import Trace, built

PROJECT = Path(__file__).parent / "project"
ASKING = Path(__file__).parents[1] / "asking.py"
REQUESTS = {
    "read": ("GET", "/products/", "", "", {}),
    "write_of_a_user": ("POST", "/orders/new/", "product=Lamp&note=fast", "ann", {}),
    "refusal": ("POST", "/orders/new/", "product=Lamp", "", {}),
    "argument": ("GET", "/orders/1/", "", "", {}),
    "link": ("POST", "/orders/1/gifts/", "", "", {}),
    "deletion": ("POST", "/orders/1/delete/", "", "", {}),
    "session": ("POST", "/basket/add/2/", "", "", {"basket": "a kettle"}),
    "session_emptied": ("POST", "/basket/empty/", "", "", {"basket": "a kettle"}),
    "stream": ("GET", "/prices/", "", "", {}),
    "no_database": ("GET", "/health/", "", "", {}),
    "synchronous": ("GET", "/plain/", "", "", {}),
}
STATUS = {"write_of_a_user": 302, "refusal": 403, "link": 204, "deletion": 204, "session_emptied": 204}


class Round:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ASKING, folder)
        (folder / "requests.json").write_text(json.dumps(REQUESTS))
        for words in (["makemigrations", "shop", "-v0"], ["migrate", "-v0"]):
            self.command([sys.executable, "manage.py", *words], {})
        with Receiver() as receiver:
            printed = self.command([WRAPPER, sys.executable, "record.py", "requests.json"], under_recorder(receiver.address))
            received = receiver.traces()
        described, self.done = descriptions(received), json.loads(printed)
        self.traces: dict[str, Trace] = {name: built(received.get(one, []), described) for name, (_, one) in self.done.items()}

    def command(self, words: list[str], more: dict[str, str]) -> str:
        env = environment({"DJANGO_SETTINGS_MODULE": "mysite.settings", **more})
        done = subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def replay(self, names: list[str], style: str) -> Replay:
        traces = [self.traces[name] for name in names]
        path = self.folder / "shop" / "tests" / f"test_{style}_{len(names)}.py"
        path.write_text(generated(traces, style=style).source)
        return replayed(path, style, settings(self.folder), self.folder, traces, environment({}))


@pytest.fixture(scope="module")
def round(tmp_path_factory: pytest.TempPathFactory) -> Round:
    return Round(Path(tmp_path_factory.mktemp("asynchronous")) / "project")


def test_every_request_was_answered(round: Round) -> None:
    assert {name: status for name, (status, _) in round.done.items()} == {name: STATUS.get(name, 200) for name in REQUESTS}


def test_they_do_the_same(round: Round) -> None:
    replay = round.replay(list(REQUESTS), "django")
    same = [one.same for one in replay.comparisons if one is not None]
    assert (replay.verdict.passed, same) == (True, [True] * len(REQUESTS)), (replay.verdict.lines, replay.comparisons)


SAID = {
    "read": ["async def test_", "response = await self.async_client.get(reverse(\"product-list\"))"],
    "write_of_a_user": ["await Product.objects.acreate(name=\"Lamp\")", "await self.async_client.aforce_login(user)", "order = await Order.objects.aget(note=\"fast\")", "self.assertEqual(order.product_id, ", "arefresh_from_db()"],
    "link": ["self.assertIn(lamp, [each async for each in order.gifts.all()])"],
    "deletion": ["self.assertFalse(await Order.objects.filter(pk=order.pk).aexists())"],
    "session": ["session = await self.async_client.asession()", "await session.aset(\"basket\", \"a kettle\")", "await session.asave()", "(await (await self.async_client.asession()).aget(\"basket\"), \"a kettle, Rug\")"],
    "stream": ["b\"\".join([chunk async for chunk in response])"],
    "synchronous": ["    def test_", "response = self.client.get("],
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_asks_is_awaited(name: str, round: Round) -> None:
    text = generated([round.traces[name]]).source
    assert [one for one in SAID[name] if one not in text] == [], text


@pytest.mark.parametrize("name", ["read", "session"])
def test_of_style_pytest_the_client_is_synchronous(name: str, round: Round) -> None:
    """Its transactions are held in another thread than the one in which Django asks the database for coroutines."""
    text = generated([round.traces[name]], style="pytest").source
    assert ("async" in text.replace("asynchronous", ""), "response = client." in text) == (False, True), text
