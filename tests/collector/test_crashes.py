"""What survives `kill -9` and a damaged disk: acknowledged spans are there once, and what can be read of a damaged file is served."""

import random
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from .making import NOON, SECOND, export, recording, trace_id
from .process import EXPORT, Process, eventually

WRITERS = 4
ANSWERED = re.compile(r"^\d+ +(\d+\.\d+) fdatasync\(\d+<(?P<path>[^>]*)>\) += 0", re.MULTILINE)


class Writer(threading.Thread):
    """Sends trace after trace in two batches each, and every batch again until it is acknowledged, as an exporter does."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.number, self.address, self.stopped = number, "", threading.Event()
        self.acknowledged: dict[str, int] = {}
        """How many spans of each trace were acknowledged."""

    def run(self) -> None:
        for each in range(1, 1_000_000):
            trace = trace_id(self.number * 1_000_000 + each)
            spans = recording(trace, f"/{self.number}/{each}/", at=NOON + each * SECOND)
            for batch in (spans[:3], spans[3:]):
                if not self.send(batch):
                    return
                self.acknowledged[trace] = self.acknowledged.get(trace, 0) + len(batch)

    def send(self, batch: list[Span]) -> bool:
        raw = export(batch).SerializeToString()
        while not self.stopped.is_set():
            with grpc.insecure_channel(self.address) as channel:
                try:
                    channel.unary_unary(EXPORT, response_deserializer=ExportTraceServiceResponse.FromString)(raw, timeout=5)
                    return True
                except (grpc.RpcError, ValueError):
                    time.sleep(0.01)
        return False


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.deep)])
def test_every_acknowledged_span_is_there_once_however_often_it_is_killed(store_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    writers = [Writer(number) for number in range(1, WRITERS + 1)]
    for kill in range(kills):
        process = Process(store_path)
        for writer in writers:
            writer.address = process.grpc
            if not kill:
                writer.start()
        so_far = sum(len(writer.acknowledged) for writer in writers)
        eventually(lambda so_far=so_far: sum(len(writer.acknowledged) for writer in writers) > so_far)
        time.sleep(chance.uniform(0, 0.2))
        process.popen.kill()
        process.popen.wait()
        process.stop()
    for writer in writers:
        writer.stopped.set()
        writer.join()
    acknowledged = {trace: spans for writer in writers for trace, spans in writer.acknowledged.items()}
    with Process(store_path) as process:
        found = {trace: [one.span_id for one in process.get(trace)[1]] for trace in acknowledged}
        incomplete = [one for one in process.list(limit=1_000_000) if not one.complete]
    assert {trace: len(set(ids)) >= acknowledged[trace] and len(set(ids)) == len(ids) for trace, ids in found.items()} == dict.fromkeys(
        found, True
    )
    assert len(incomplete) <= WRITERS  # those that were on their way
    assert [path.name for path in store_path.parent.iterdir()] == [store_path.name]
    print(f"{kills} kills, {len(acknowledged)} traces, {sum(acknowledged.values())} acknowledged spans, each there once")


@pytest.fixture
def watched(store_path: Path) -> Iterator[tuple[Process, Path]]:
    """A collector with what it asks the system to put on the disk."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    with Process(store_path) as process:
        log = store_path.with_name("asked")
        watching = ["strace", "-f", "-ttt", "-y", "-z", "-e", "trace=fdatasync", "-o", str(log), "-p", str(process.popen.pid)]
        strace = subprocess.Popen(watching, stderr=subprocess.PIPE, text=True)
        assert strace.stderr
        assert "attached" in strace.stderr.readline()
        yield process, log
        strace.terminate()
        strace.wait()


def test_what_is_acknowledged_was_put_on_the_disk_before(watched: tuple[Process, Path]) -> None:
    process, log = watched
    spans: list[tuple[float, float]] = []
    for _ in range(20):
        before = time.time()
        process.send(recording(trace_id()))
        spans.append((before, time.time()))
    asked = [float(found[1]) for found in ANSWERED.finditer(log.read_text()) if found["path"].endswith("-wal")]
    assert [any(begun < at < acknowledged for at in asked) for begun, acknowledged in spans] == [True] * 20


def spoiled(path: Path, spoil: str) -> list[str]:
    """A store of 300 traces, the newest of them pinned, spoiled; their ids."""
    ids = [trace_id() for _ in range(300)]
    with Process(path) as process:
        for at, trace in enumerate(ids):
            process.send(recording(trace, at=NOON + at * SECOND))
    with closing(sqlite3.connect(path)) as db:
        blob = db.execute("SELECT spans FROM chunk WHERE trace_id = ?", (bytes.fromhex(ids[150]),)).fetchone()[0]
    data = bytearray(path.read_bytes())
    pages = len(data) // 4096
    if spoil == "a page of spans":
        page = data.index(blob) // 4096
        data[4096 * page : 4096 * (page + 1)] = b"\xa5" * 4096
    elif spoil == "pages here and there":
        for page in range(8, pages, pages // 5):
            data[4096 * page : 4096 * page + 2048] = bytes(2048)
    else:
        del data[data.index(blob) // 4096 * 4096 :]
    path.write_bytes(data)
    return ids


@pytest.mark.parametrize("spoil", ["a page of spans", "pages here and there", "cut off"])
def test_what_can_be_read_of_a_damaged_file_is_served_and_the_rest_is_named(store_path: Path, spoil: str) -> None:
    ids = spoiled(store_path, spoil)
    spoilt = store_path.read_bytes()
    with Process(store_path) as process:
        sentence = process.said[0]
        listed = {one.trace_id: one for one in process.list(limit=1_000)}
        whole = [trace for trace, one in listed.items() if one.complete]
        assert all(process.get(trace)[1] == recording(trace, at=NOON + ids.index(trace) * SECOND) for trace in whole)
        again = trace_id()
        process.send(recording(again))
        assert process.get(again)[0].complete
    lossy = [trace for trace in listed if trace not in whole]
    assert whole
    gone = set(ids) - set(listed)
    assert lossy or gone
    assert ("others may be gone altogether" in sentence) >= bool(gone)
    assert all("stood on damaged pages of the collector's file" in " ".join(listed[trace].lost) for trace in lossy)
    assert f"the store {store_path} had damaged pages: " in sentence
    assert (f"spans of {len(lossy)} traces are lost (" in sentence) == bool(lossy)
    assert set(re.findall(r"[0-9a-f]{32}", sentence)) <= set(lossy)
    assert store_path.with_name(store_path.name + ".damaged").read_bytes()[4096:] == spoilt[4096:]  # the first page counts openings
    with Process(store_path) as process:  # once is enough
        assert "listening on" in process.said[0]
