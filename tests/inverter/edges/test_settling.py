"""A test whose first run in a process departs from a recording of one that had served before: what the process keeps, and what is another thing."""

import sys
from pathlib import Path

import pytest
from edge_projects import case, project, put
from unspan_inverter.proving.settling import settled
from unspan_inverter.receiving import Receiver, descriptions
from unspan_inverter.replaying import SAME_IN_A_USED_PROCESS, of_request, replayed, words
from unspan_inverter.settings import Settings
from unspan_inverter.trace import Trace, built
from unspan_proto import vocabulary as v

VIEWS = """
    from functools import lru_cache

    from django.contrib.auth.models import Group
    from django.http import HttpResponse
    from django.urls import path


    @lru_cache
    def title():
        return Group.objects.get().name


    def page(request):
        return HttpResponse(f"{title()}: {Group.objects.count()}")


    urlpatterns = [path("", page)]
"""
ASKED = '\n    response = self.client.get("/")\n\n    self.assertEqual(response.content, b"staff: 1")\n'
TEST = f'\n    from django.contrib.auth.models import Group\n    Group.objects.create(name="staff")\n{ASKED}'
CHANGES = {
    "nothing": (VIEWS, True),
    "one query more each time": (VIEWS.replace("Group.objects.count()", "Group.objects.count() if Group.objects.exists() else 0"), False),
    "nothing is kept any more": (VIEWS.replace("@lru_cache\n", "\n"), False),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return project(tmp_path / "site")


@pytest.fixture
def recording(home: Path, monkeypatch: pytest.MonkeyPatch) -> Trace:
    """The second request of a process."""
    seen: list[Receiver] = []
    leave = Receiver.__exit__

    def kept(receiver: Receiver, *error: object) -> None:
        leave(receiver, *error)
        seen.append(receiver)

    monkeypatch.setattr(Receiver, "__exit__", kept)
    put(home / "mysite/urls.py", VIEWS)
    file = put(home / "polls/tests/test_page.py", case(TEST + ASKED))
    assert replayed(file, "django", Settings(folder=home, python=sys.executable), home, []).verdict.passed
    traces = seen[0].traces()
    requests = sorted((span for spans in traces.values() for span in spans if span.what == v.REQUEST), key=lambda span: span.start)
    return built(of_request(requests[-1], traces), descriptions(traces))


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_process_keeps_departs_in_its_first_run_only(home: Path, recording: Trace, name: str) -> None:
    views, same = CHANGES[name]
    put(home / "mysite/urls.py", views)
    file = put(home / "polls/tests/test_page.py", case(TEST))

    replay = settled(file, "django", Settings(folder=home, python=sys.executable), home, [recording])

    departs = "first, mysite.urls.title() came in the test and not in the recording, in mysite.urls.page"
    assert (replay.verdict.passed, replay.same) == (True, same)
    if same:
        assert (words(replay)[0], words(replay)[-1]) == (SAME_IN_A_USED_PROCESS, departs)
    else:
        assert departs in words(replay)
