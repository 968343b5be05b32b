"""However Django is started, and whatever stands beside: all that is done has one whole trace, and the user's own telemetry is untouched.

Rows are pairwise over form, companion, database and the settings' places, of servers and of other programs. On each run the features that have not met
its form, its companion or its database yet. `make launching` runs all combinations, of rarer companions too.
"""

import re
from collections import Counter
from collections.abc import Sequence

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.span import Link, Span

from .companions import COMPANIONS
from .conftest import DATABASES, Starts
from .feature import Feature
from .features import FEATURES, everything
from .forms import FORMS, WORKS, Form, Work
from .outline import outline
from .pairs import every, pairwise
from .serving import Served, Start
from .telemetry import COMPARED_ACTS, told
from .working import PAGE

FACTORS = {"form": FORMS, "companion": COMPANIONS, "database": DATABASES, "exported": (False, True), "elsewhere": (False, True)}
IN_SHORT = {**FACTORS, "companion": tuple(one for one in COMPANIONS if not one.rare)}


class EachOnce:
    """No span comes twice, each request has one server span, each unit of work one root, and nothing else is one."""

    name = "each span once"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, starts: Starts) -> None:
        for spans in (served.ours, served.theirs):
            ids = Counter((span.trace_id, span.span_id) for span in spans)
            assert [one for one, count in ids.items() if count > 1] == []
        roots = {name: Counter(kind for span in trace for kind in kinds(span)) for name, trace in served.traces.items()}
        once = [v.WORK, v.BEGUN] if isinstance(served.start.form, Work) else [v.REQUEST, "of a server"]
        page = {PAGE: Counter([*once, v.REQUEST, "of a server"])} if PAGE in roots else {}
        assert roots == {name: Counter(once) for name in served.wanted} | page


def kinds(span: Span) -> list[str]:
    """What it is of that of which a trace has one."""
    return [span.what] * (span.what in (v.REQUEST, v.WORK, v.BEGUN)) + ["of a server"] * (span.kind == 2)


class Linked:
    """A task that a task hands over runs in the trace that was said, and says where it comes from."""

    name = "tasks are linked"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, starts: Starts) -> None:
        [handed] = [span for span in served.traces["celery"] if span.what == v.TASK]
        [root] = [span for span in served.traces["doubled"] if span.what == v.WORK]
        assert (root.trace_id, root.links) == (handed.attributes[v.TASK_TRACE], (Link(handed.trace_id, handed.span_id),))


class Inside:
    """The request of a test's client is a part of the test's trace, below the test."""

    name = "a page of the test's client"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, starts: Starts) -> None:
        assert outline(served.traces[PAGE], frozenset({v.REQUEST, v.CALL})) == [
            "call suite.ActTests.test_page → None", "  GET / → 200 b'welcome' by shop.pages.index", "    call shop.pages.index",
        ]  # fmt: skip


class Quiet:
    """Nobody is warned of anything."""

    name = "no warnings"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, starts: Starts) -> None:
        assert [line for line in served.said.splitlines() if "unspan: " in line or "Overriding" in line] == []


class Untouched:
    """The user's receiver gets the same spans as without us."""

    name = "their telemetry"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, starts: Starts) -> None:
        if served.start.database == "sqlite" or not isinstance(served.start.form, Work):
            baseline, with_sql = starts.without_us(served.start), served.start.database == "sqlite"
            assert told(served.theirs, with_sql) == told(baseline.theirs, with_sql)
        assert [name for span in served.theirs for name in span.attributes if name.startswith("unspan.")] == []


class Holds:
    """The feature's trace is complete, and what it holds is what the feature's entry says."""

    def __init__(self, feature: Feature) -> None:
        self.feature, self.name = feature, feature.name

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, starts: Starts) -> None:
        trace = served.traces[served.held[self.name]]
        here = [feature for feature in FEATURES if served.held.get(feature.name) == served.held[self.name]]
        lost = sorted(re.sub(r":\d+,", ":PORT,", why) for span in trace if span.what == v.END for why in span.value(v.LOST))
        assert (self.feature.found(trace), lost) == (self.feature.lines(), sorted(why for feature in here for why in feature.lost))


Shows = EachOnce | Linked | Inside | Quiet | Untouched | Holds


def shown(start: Start, features: Sequence[Feature]) -> list[Shows]:
    found: list[Shows] = [*map(Holds, features), EachOnce(), Quiet()]
    if isinstance(start.form, Work) and start.form.queue and any(feature.act == "celery" for feature in features):
        found.append(Linked())
    if isinstance(start.form, Work) and start.form.tests:
        found.append(Inside())
    return [*found, *([Untouched()] if start.companion.own else [])]


def pairs(forms: Sequence[Form | Work]) -> list[tuple[Start, Shows]]:
    """The pairwise rows, each with the features that it shows for the first time; statements are shown by every program."""
    met: set[tuple[str, object]] = set()
    found: list[tuple[Start, Shows]] = []
    for row in pairwise({**IN_SHORT, "form": forms}):
        start = Start(**row)
        news = [one for one in everything(start.form) if one.name in COMPARED_ACTS or {(one.name, value) for value in known(start)} - met]
        met |= {(feature.name, value) for feature in news for value in known(start)}
        found += [(start, one) for one in shown(start, news)]
    return found


def known(start: Start) -> tuple[object, ...]:
    return start.form.name, start.companion.name, start.database


@pytest.mark.parametrize(("start", "shows"), pairs(FORMS), ids=repr)
def test_servers(start: Start, shows: Shows, starts: Starts) -> None:
    shows(starts.get(start), starts)


@pytest.mark.parametrize(("start", "shows"), pairs(WORKS), ids=repr)
def test_works(start: Start, shows: Shows, starts: Starts) -> None:
    shows(starts.get(start), starts)


@pytest.mark.deep
@pytest.mark.parametrize("start", [Start(**row) for forms in (FORMS, WORKS) for row in every({**FACTORS, "form": forms})], ids=repr)
def test_every_combination(start: Start, starts: Starts) -> None:
    served = starts.get(start)
    for shows in shown(start, everything(start.form)):
        shows(served, starts)
