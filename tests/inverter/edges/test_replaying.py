"""A test's own run under the recorder, beside the recording: a real project whose code or rows change between the two."""

import sys
from pathlib import Path

import pytest
from edge_projects import case, project, put
from unspan_inverter.receiving import Receiver, descriptions
from unspan_inverter.replaying import Replay, included, of_request, replayed, words
from unspan_inverter.settings import Settings
from unspan_inverter.trace import Trace, built
from unspan_proto import vocabulary as v

PYTHON = sys.executable
VIEWS = """
    from dataclasses import dataclass

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.urls import path


    @dataclass
    class Shown:
        text: str


    def named(user):
        return user.username


    def members(request):
        users = list(User.objects.order_by("username"))
        return HttpResponse(Shown(", ".join(map(named, users))).text)


    urlpatterns = [path("", members)]
"""
TEST = """
    User.objects.create(username="ada")
    User.objects.create(username="bob")

    response = self.client.get("/")

    self.assertEqual(response.status_code, 200)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = project(tmp_path / "site")
    put(folder / "mysite/urls.py", VIEWS)
    return folder


def run(home: Path, test: str, recordings: list[Trace], style: str = "django") -> Replay:
    file = put(home / "polls/tests/test_members.py", test)
    return replayed(file, style, Settings(folder=home, python=PYTHON), home, recordings)


@pytest.fixture
def recording(home: Path, monkeypatch: pytest.MonkeyPatch) -> Trace:
    """What the request did at first: the first run's own trace."""
    seen: list[Receiver] = []
    monkeypatch.setattr(Receiver, "__exit__", keeping(seen, Receiver.__exit__))
    assert run(home, case(TEST), []).verdict.passed
    traces = seen[0].traces()
    request = next(span for spans in traces.values() for span in spans if span.what == v.REQUEST)
    return built(of_request(request, traces), descriptions(traces))


def keeping(seen: list[Receiver], leave):
    def left(receiver: Receiver, *error: object) -> None:
        leave(receiver, *error)
        seen.append(receiver)

    return left


def said(replay: Replay) -> list[str]:
    return words(replay)[1:2] or words(replay)


RUNS = {
    "the same": (VIEWS, TEST, True, "it did the same as the recording"),
    "another order of keys": (
        VIEWS, TEST.replace("    User.objects.create(username=\"ada\")\n", "    User.objects.create(pk=7, username=\"ada\")\n"), True,
        "it did the same as the recording",
    ),
    "a row less": (
        VIEWS, TEST.replace("    User.objects.create(username=\"bob\")\n", ""), False,
        "first, SELECT … FROM auth_user ORDER BY auth_user.username ASC: the recording had 2 rows here, the test 1, in mysite.urls.members",
    ),
    "another row": (
        VIEWS, TEST.replace("bob", "bea"), False,
        "first, SELECT … FROM auth_user ORDER BY auth_user.username ASC: rows row 2 4 was 'bob' in the recording and is 'bea' in the test, "
        "in mysite.urls.members",
    ),
    "a query for every row": (
        VIEWS.replace("return user.username", "return User.objects.get(pk=user.pk).username"), TEST, False,
        "first, SELECT … FROM auth_user WHERE auth_user.id = %s LIMIT 21 came in the test (2 times) and not in the recording, in mysite.urls.named",
    ),
    "another answer": (
        VIEWS.replace('", ".join', '"; ".join'), TEST, False,
        "first, the response: body was 'ada, bob' in the recording and is 'ada; bob' in the test",
    ),
    "no request": (
        VIEWS, "self.assertTrue(User)", None,
        "it was not compared with the recording: nothing of the test's run was recorded: unspan is not installed in the Python that ran it, "
        "or the test makes no request",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_a_green_test_is_compared_with_the_recording(home: Path, recording: Trace, name: str) -> None:
    views, test, same, sentence = RUNS[name]
    put(home / "mysite/urls.py", views)

    replay = run(home, case(test), [recording])

    assert (replay.verdict.passed, replay.same, said(replay)) == (True, same, [sentence])
    assert replay.verdict.command == f"{PYTHON} manage.py test --noinput polls.tests.test_members"


def test_a_red_test_is_not_compared(home: Path, recording: Trace) -> None:
    replay = run(home, case(TEST.replace("200", "201")), [recording])

    assert (replay.verdict.passed, replay.same, words(replay)) == (False, None, [])


def test_what_fails_beside_the_recorder_only_is_green_and_not_compared(home: Path, recording: Trace) -> None:
    replay = run(home, case('import sys\nself.assertNotIn("unspan_instrumentation", sys.modules)'), [recording])

    assert (replay.verdict.passed, words(replay)) == (
        True,
        ["it was not compared with the recording: it fails under the recorder, and only there"],
    )


def test_a_pytest_function_is_compared_too(home: Path, recording: Trace) -> None:
    put(home / "pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n")
    test = """
        import pytest
        from django.contrib.auth.models import User


        @pytest.mark.django_db
        def test_members(client):
            User.objects.create(username="ada")
            User.objects.create(username="bob")
            assert client.get("/").content == b"ada, bob"
    """

    replay = run(home, test, [recording], style="pytest")

    assert (replay.verdict.passed, replay.same, words(replay)) == (True, True, ["it did the same as the recording"])


def test_calls_of_the_packages_of_the_recording_are_recorded_wherever_they_lie(recording: Trace) -> None:
    """Who replays need not have set the variable that had them recorded."""
    assert (included([recording]), included([])) == ({"UNSPAN_INCLUDE": "mysite"}, {})
