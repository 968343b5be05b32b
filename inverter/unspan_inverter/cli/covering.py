"""`inverter generate --all`: the traces of a collector that take all branches that were recorded, each with its class."""

from collections.abc import Callable

from unspan_proto import vocabulary as v
from unspan_proto.readapi.traces_pb2 import ListRequest

from unspan_inverter.choosing import Choice
from unspan_inverter.cli import said
from unspan_inverter.errors import InverterError
from unspan_inverter.plan.expressions import Plan
from unspan_inverter.proving.telling import Told
from unspan_inverter.reading import Collector
from unspan_inverter.trace import Trace, built

MOST = 10_000
"""Traces that are looked at, the newest."""


def covering(collector: Collector, path: str, planned: Callable[[Trace], Plan], told: Told) -> dict[str, list[Trace]]:
    """Class name → its traces, of the requests whose path fits. What cannot become a test is said and left out."""
    choice, found = Choice(), dict[str, list[Trace]]()
    listed = collector.newest(ListRequest(limit=MOST, path=path, only_complete=True))
    for number, summary in enumerate(listed):
        told("reading", number, len(listed))
        try:
            trace = fetched(collector, summary.trace_id)
        except InverterError:  # a task, a command, or a trace that was deleted meanwhile
            continue
        if trace.request.attributes.get(v.VIEW):
            choice.add(trace)
    while (best := choice.take()) is not None:
        told("choosing", sum(map(len, found.values())), 0)
        branches, trace_id = best
        try:
            trace = fetched(collector, trace_id)
            found.setdefault(planned(trace).class_name, []).append(trace)
        except InverterError as error:
            said(f"trace {trace_id[:8]}… is left out: {error}")
            continue
        choice.cover(branches)
    return found


def fetched(collector: Collector, trace_id: str) -> Trace:
    one = collector.fetched(trace_id)
    return built(one.spans(), one.project_spans())
