"""What must hold of each spoiled input, and how many of each outcome there were. Hypothesis chooses, and looks for the smallest input that fails."""

import ast
import json
import random
import signal
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import grpc
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from unspan_inverter.errors import InverterError
from unspan_inverter.exporting import from_json
from unspan_inverter.generate import generated
from unspan_inverter.recorded import Recorded, only, project_reference
from unspan_inverter.trace import built
from unspan_proto import vocabulary as v
from unspan_proto.errors import ContractError
from unspan_proto.span import from_otlp

from .messages import Sending, sending
from .mutating import CANARY, NAMES, document, spoiled

ANSWERS: Final = frozenset({200, 400, 401, 404, 405, 413, 415, 431})
CODES: Final = frozenset({"OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"})
EXPORT: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PATIENCE: Final = 60
"""Seconds after which an input hangs."""
FEW: Final = 12
"""Spans in a request, mostly."""


def many(check: Callable[[random.Random], None], first: int, count: int) -> None:
    """Has `check` called with `count` chances, others for each `first`."""
    if not count:
        return
    limits = settings(
        max_examples=count, database=None, deadline=None, phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip

    @seed(first)
    @limits
    @given(st.randoms(use_true_random=True))
    def each(chance: random.Random) -> None:
        check(chance)

    each()


def inverted(first: int, count: int) -> Counter[str]:
    """Spoils traces and makes tests of them: each is Python without foreign names, or refused with a sentence."""
    outcomes: Counter[str] = Counter()
    wholes = [document(name) for name in NAMES]

    def check(chance: random.Random) -> None:
        text = json.dumps(spoiled(chance.choice(wholes), chance))
        try:
            with limited():
                source = test_of(text)
        except InverterError as refusal:
            outcomes[type(refusal).__name__ if str(refusal) and "Traceback" not in str(refusal) else "no sentence"] += 1
        except ContractError:
            outcomes["no span of ours"] += 1
        else:
            assert foreign(source) == []
            outcomes["a test"] += 1

    many(check, first, count)
    assert "no sentence" not in outcomes
    return outcomes


@contextmanager
def limited() -> Generator[None]:
    """What takes too long inside ends with an error."""

    def hangs(*_: object) -> None:
        raise AssertionError(f"it takes over {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_of(text: str) -> str:
    """As `inverter generate --from` goes."""
    data = from_json(text, "a file")
    trace_id = next((span.trace_id for span in from_otlp(data.resource_spans) if span.what == v.REQUEST), "")
    mine = only(data, trace_id)
    found = Recorded(trace_id, mine, only(data, project_reference(mine)))
    return generated([built(found.spans(), found.project_spans())], style="django").source


def foreign(source: str) -> list[str]:
    """Names in the code that only a text of the trace can have brought."""
    names = [
        str(getattr(node, field))
        for node in ast.walk(ast.parse(source))
        for field in ("id", "attr", "module")
        if getattr(node, field, None)
    ]
    return [name for name in names if CANARY in name]


def received(http: str, address: str, first: int, count: int) -> Counter[str]:
    """Sends spoiled requests to a collector's two doors: each is taken or refused, none is its fault."""
    outcomes: Counter[str] = Counter()
    wholes = [ExportTraceServiceRequest(resource_spans=from_json(json.dumps(document(name)), name).resource_spans) for name in NAMES]
    with requests.Session() as session, grpc.insecure_channel(address) as channel:
        export = channel.unary_unary(EXPORT)

        def check(chance: random.Random) -> None:
            one = sending(some(chance.choice(wholes), chance), chance)
            if chance.random() < 0.2:
                outcomes[code := over_grpc(export, one.body, chance)] += 1
                assert code in CODES, code
                return
            answer = answered(session, http, one)
            assert answer.status_code in ANSWERS, (answer.status_code, answer.text)
            assert "Traceback" not in answer.text
            outcomes[str(answer.status_code)] += 1

        many(check, first, count)
    return outcomes


def answered(session: requests.Session, http: str, one: Sending) -> requests.Response:
    """Once more where the connection was closed, which a server may do with one that was kept; a second time it is a fault."""
    headers = {name: text.encode("latin-1") for name, text in one.headers.items()}
    try:
        return session.request(one.method, f"http://{http}{one.path}", data=one.body, headers=headers, timeout=PATIENCE)
    except requests.ConnectionError:
        return requests.request(one.method, f"http://{http}{one.path}", data=one.body, headers=headers, timeout=PATIENCE)


def over_grpc(export: "grpc.UnaryUnaryMultiCallable[bytes, bytes]", body: bytes, chance: random.Random) -> str:
    try:
        export(body, timeout=PATIENCE, compression=chance.choice((None, grpc.Compression.Gzip)))
    except grpc.RpcError as error:
        return str(error.code().name)  # type: ignore[attr-defined]
    return "OK"


def some(whole: ExportTraceServiceRequest, chance: random.Random) -> ExportTraceServiceRequest:
    """A request with some of a trace's spans; now and then with all of them."""
    if chance.random() < 0.01:
        return whole
    found = ExportTraceServiceRequest()
    source = chance.choice([one for one in whole.resource_spans if any(scope.spans for scope in one.scope_spans)])
    resource = found.resource_spans.add(resource=source.resource, schema_url=source.schema_url)
    scope = chance.choice([one for one in source.scope_spans if one.spans])
    at = chance.randrange(len(scope.spans))
    resource.scope_spans.add(scope=scope.scope, spans=scope.spans[at : at + FEW])
    return found
