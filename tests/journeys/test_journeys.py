"""Several requests of one client become one test, which does what they did."""

import ast
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from unspan_inverter.cli.generate import command
from unspan_inverter.code.marks import journeys, marked
from unspan_inverter.generate import generated
from unspan_inverter.merging import updated
from unspan_inverter.proving.verdicts import trace_ids

from .rounds import Round

JOURNEYS: dict[str, list[Any]] = {
    "buying": [
        ["POST", "/login/", "username=ann&password=sesame-seeds"],
        ["POST", "/basket/add/1/", ""],
        ["POST", "/basket/add/3/", ""],
        ["GET", "/basket/"],
        ["POST", "/orders/new/", ""],
        ["GET", "{location}"],
        ["POST", "{location}pay/", ""],
        ["GET", "{location}"],
    ],
    "signing_up": [["POST", "/signup/", "username=cleo&email=cleo@example.com"], ["POST", "/basket/add/2/", ""], ["POST", "/orders/new/", ""], ["POST", "{location}delete/", ""]],
    "by_token": [
        ["POST", "/api/tokens/", '{"username": "bob"}'],
        ["POST", "/api/orders/", "", {"authorization": "Bearer {token}"}],
    ],
    "by_answer": [["POST", "/invites/", '{"username": "bob"}'], ["POST", "/join/bob/{invite.code}/", ""]],
    "by_mail": [["POST", "/forgot/", "username=bob"], ["POST", "/forgot/", "username=ann"], ["GET", "{link}"]],
}  # fmt: skip


@pytest.fixture(scope="module")
def round(tmp_path_factory: pytest.TempPathFactory) -> Round:
    return Round(Path(tmp_path_factory.mktemp("journeys")) / "project", JOURNEYS)


BEGUN = [("buying", 0), ("buying", 4), ("signing_up", 0), ("by_token", 0), ("by_answer", 0), ("by_mail", 0)]
"""Journeys, and with which of their requests the test begins."""


@pytest.mark.parametrize("style", ["django", pytest.param("pytest", marks=pytest.mark.deep)])
@pytest.mark.parametrize(("name", "first"), BEGUN, ids=[f"{name}-{first}" for name, first in BEGUN])
def test_it_does_the_same_in_one_test(name: str, first: int, style: str, round: Round) -> None:
    replay = round.replay(name, first, style)
    same = [one.same for one in replay.comparisons if one is not None]
    assert (replay.verdict.passed, same) == (True, [True] * len(JOURNEYS[name][first:])), (
        replay.verdict.lines,
        round.test(name, first, style),
    )


SAID = {
    ("buying", 0): (["client.post(reverse(\"login\"), {\"username\": \"ann\"", "args=[order.pk]", "{\"id\": order.pk, \"paid\": True"], ["force_login", "Order.objects.create"]),
    ("buying", 4): (["self.client.force_login(user)", "session[\"basket\"] = [kettle.pk, rug.pk]"], ["_auth_user_id", "reverse(\"login\")"]),
    ("signing_up", 0): (["user = User.objects.get(username=\"cleo\")", "reverse(\"order-delete\", args=[order.pk])"], ["User.objects.create"]),
    ("by_token", 0): (["headers={\"Authorization\": f\"Bearer {token2}\"}"], []),
    ("by_answer", 0): (["code = response.json()[\"invite\"][\"code\"]", "args=[\"bob\", code]", "{\"code\": mock.ANY, \"for\": \"bob\"}"], []),
    ("by_mail", 0): (["token = re.search(\"/ann/([^/]+)\", mail.outbox[-1].body)[1]", "args=[\"ann\", token]", "for each in mail.outbox[1:]], [[\"ann@example.com\"]])"], []),
}  # fmt: skip


@pytest.mark.parametrize(("name", "first"), SAID, ids=[f"{name}-{first}" for name, first in SAID])
def test_what_earlier_requests_left_is_referred_to_and_not_arranged(name: str, first: int, round: Round) -> None:
    text = round.test(name, first)
    said, unsaid = SAID[name, first]
    assert ([one for one in said if one not in text], [one for one in unsaid if one in text]) == ([], []), text


def test_the_clock_that_one_request_holds_is_held_for_those_after_it(round: Round) -> None:
    """A session that was begun at a recorded moment is there for two weeks."""
    text = round.test("signing_up")
    assert text.count("with time_machine.travel(moment, tick=False):") == len(JOURNEYS["signing_up"])
    assert "self.client.session[" not in text, text


def test_the_login_is_arranged_once(round: Round) -> None:
    assert round.test("buying", 4).count("force_login") == 1


def test_a_file_knows_its_journeys_and_takes_them_again(round: Round) -> None:
    ids = tuple(one.id for one in round.traces["buying"])
    text = round.test("buying")
    alone = generated(round.traces["buying"][:1]).source
    assert (journeys(text), journeys(alone), trace_ids(text)) == ([ids], [], list(ids))
    both = updated(Path("test_shop.py"), alone, lambda beside: text)
    assert [one.trace_ids for one in marked(ast.parse(both))] == [ids[:1], ids]
    assert updated(Path("test_shop.py"), both, lambda beside: text) == both


@pytest.mark.parametrize("words", [["--trace-id", "a" * 32], ["--trace-id", "a" * 32, "--trace-id", "a" * 32], ["--all"]], ids=["one", "the same twice", "all"])  # fmt: skip
def test_a_journey_is_of_several_requests(words: list[str]) -> None:
    done = CliRunner().invoke(command, ["--journey", *words])
    assert (done.exit_code, "name two or more with --trace-id" in done.output) == (2, True)
