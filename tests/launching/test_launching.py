"""However Django is started, and whatever stands beside: every request has one whole trace, and the user's own telemetry is untouched.

Rows are pairwise over form, companion, database and the settings' places; on each row's server run the features that have not met its form,
its companion or its database yet. `make launching` runs all combinations, of rarer companions too.
"""

from collections import Counter
from collections.abc import Iterable

import pytest
from unspan_proto import vocabulary as v

from .companions import COMPANIONS
from .conftest import DATABASES, Servers
from .features import FEATURES, Feature
from .forms import FORMS
from .pairs import every, pairwise
from .serving import Served, Start
from .telemetry import told

FACTORS = {"form": FORMS, "companion": COMPANIONS, "database": DATABASES, "exported": (False, True), "elsewhere": (False, True)}
IN_SHORT = {**FACTORS, "companion": tuple(one for one in COMPANIONS if not one.rare)}


class EachOnce:
    """No span comes twice, and each request has one server span."""

    name = "each span once"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, servers: Servers) -> None:
        for spans in (served.ours, served.theirs):
            ids = Counter((span.trace_id, span.span_id) for span in spans)
            assert [one for one, count in ids.items() if count > 1] == []
        counted = {cell: (len([one for one in trace if one.what == v.REQUEST]), len([one for one in trace if one.kind == 2])) for cell, trace in served.traces.items()}  # fmt: skip
        assert counted == dict.fromkeys(served.answers, (1, 1))


class Quiet:
    """Nobody is warned of anything."""

    name = "no warnings"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, servers: Servers) -> None:
        assert [line for line in served.said.splitlines() if "unspan: " in line or "Overriding" in line] == []


class Untouched:
    """The user's receiver gets the same spans as without us."""

    name = "their telemetry"

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, servers: Servers) -> None:
        baseline, with_sql = servers.without_us(served.start), served.start.database == "sqlite"
        assert told(served.theirs, with_sql) == told(baseline.theirs, with_sql)
        assert [name for span in served.theirs for name in span.attributes if name.startswith("unspan.")] == []


class Holds:
    """The feature's trace is complete, and what it holds is what the feature's entry says."""

    def __init__(self, feature: Feature) -> None:
        self.feature, self.name = feature, feature.name

    def __repr__(self) -> str:
        return self.name

    def __call__(self, served: Served, servers: Servers) -> None:
        trace = served.traces[served.cells[self.name][-1]]
        lost = [span.value(v.LOST) for span in trace if span.what == v.END]
        assert (self.feature.found(trace), lost) == (self.feature.lines(), [[]])


Shows = EachOnce | Quiet | Untouched | Holds


def shown(start: Start, features: Iterable[Feature]) -> list[Shows]:
    return [*map(Holds, features), EachOnce(), Quiet(), *([Untouched()] if start.companion.own else [])]


def pairs() -> list[tuple[Start, Shows]]:
    """The pairwise rows, each with the features that it shows for the first time."""
    met: set[tuple[str, object]] = set()
    found: list[tuple[Start, Shows]] = []
    for row in pairwise(IN_SHORT):
        start = Start(**row)
        news = [feature for feature in FEATURES if {(feature.name, value) for value in known(start)} - met]
        met |= {(feature.name, value) for feature in news for value in known(start)}
        found += [(start, one) for one in shown(start, news)]
    return found


def known(start: Start) -> tuple[object, ...]:
    return start.form.name, start.companion.name, start.database


@pytest.mark.parametrize(("start", "shows"), pairs(), ids=repr)
def test_pairs(start: Start, shows: Shows, servers: Servers) -> None:
    shows(servers.get(start), servers)


@pytest.mark.deep
@pytest.mark.parametrize("start", [Start(**row) for row in every(FACTORS)], ids=repr)
def test_every_combination(start: Start, servers: Servers) -> None:
    served = servers.get(start)
    for shows in shown(start, FEATURES):
        shows(served, servers)
