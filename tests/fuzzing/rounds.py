"""What must hold of each spoiled input, and how many of each outcome there were."""

import ast
import json
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from unspan_inverter.errors import InverterError
from unspan_inverter.exporting import from_json
from unspan_inverter.generate import generated
from unspan_inverter.recorded import Recorded, only, project_reference
from unspan_inverter.trace import built
from unspan_proto import vocabulary as v
from unspan_proto.errors import ContractError
from unspan_proto.span import from_otlp

from .mutating import CANARY, NAMES, document, noisy, spoiled

ANSWERS = {200, 400, 413}
SENDERS = 8


def inverted(first: int, count: int) -> Counter[str]:
    """Spoils traces by these numbers and makes tests of them: each is Python without foreign names, or refused with a sentence."""
    outcomes: Counter[str] = Counter()
    wholes = [document(name) for name in NAMES]
    for number in range(first, first + count):
        chance = random.Random(number)
        text = json.dumps(spoiled(chance.choice(wholes), chance))
        try:
            source = test_of(text)
        except InverterError as refusal:
            outcomes[type(refusal).__name__ if str(refusal) and "Traceback" not in str(refusal) else "no sentence"] += 1
        except ContractError:
            outcomes["no span of ours"] += 1
        except Exception as error:
            raise AssertionError(f"input {number}: {type(error).__name__}: {error}") from error
        else:
            assert foreign(source) == [], number
            outcomes["a test"] += 1
    return outcomes


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


def received(address: str, first: int, count: int) -> Counter[str]:
    """Sends spoiled requests to a collector, several at once: each is taken or refused, none is its fault."""
    messages = [from_json(json.dumps(document(name)), name) for name in NAMES]
    raws = [ExportTraceServiceRequest(resource_spans=one.resource_spans).SerializeToString() for one in messages]
    numbers = range(first, first + count)
    with ThreadPoolExecutor(SENDERS) as pool:
        parts = pool.map(lambda at: sent(address, raws, numbers[at::SENDERS]), range(SENDERS))
        return sum(parts, Counter[str]())


def sent(address: str, raws: Sequence[bytes], numbers: Sequence[int]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    with requests.Session() as session:
        for number in numbers:
            chance = random.Random(number)
            raw = chance.choice(raws)
            data = noisy(raw if chance.random() < 0.05 else raw[: chance.randrange(1, 20_000)], chance)
            answer = session.post(f"http://{address}/v1/traces", data=data, headers={"Content-Type": "application/x-protobuf"}, timeout=60)
            assert answer.status_code in ANSWERS, (number, answer.status_code, answer.text)
            outcomes[str(answer.status_code)] += 1
    return outcomes
