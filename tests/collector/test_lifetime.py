"""How a collector starts, stops, crashes, and what it does when the disk is full: real processes, real limits."""

import asyncio
import gzip
import os
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import requests
from google.rpc.error_details_pb2 import RetryInfo
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import format_trace_id
from unspan_collector.collector import bound
from unspan_collector.settings import Address
from unspan_proto.readapi import traces_pb2 as api

from .making import export, recording, request_span, span, trace_id
from .process import COMMAND, EXPORT, Process, code_of, command, environment, eventually, memory


def serving(store: object, **named: object) -> "subprocess.CompletedProcess[str]":
    """`serve` that is expected to end by itself."""
    return command("serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", f"sqlite:///{store}", **named)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_stop_loses_nothing_accepted(store_path: Path, number: int) -> None:
    accepted: list[str] = []
    with Process(store_path) as process:

        def send() -> None:
            while True:
                trace = trace_id()
                try:
                    process.send(recording(trace))
                except (grpc.RpcError, ValueError):
                    return
                accepted.append(trace)

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        eventually(lambda: len(accepted) > 50)
        process.popen.send_signal(number)
        assert process.popen.wait(20) == 0
        for sender in senders:
            sender.join()
        assert [line for line in process.said if "Traceback" in line] == []
    assert [file.name for file in store_path.parent.iterdir()] == [store_path.name]  # the log was written back into the file
    with Process(store_path) as process:
        assert {one.trace_id for one in process.list(limit=10_000) if one.complete} >= set(accepted)


def test_a_crash_loses_nothing_acknowledged(store_path: Path) -> None:
    acknowledged: list[str] = []
    with Process(store_path) as process:

        def send(http: bool) -> None:
            while True:
                trace = trace_id()
                try:
                    if http:
                        raw, kind = export(recording(trace)).SerializeToString(), {"Content-Type": "application/x-protobuf"}
                        requests.post(f"http://{process.http}/v1/traces", data=raw, headers=kind, timeout=9).raise_for_status()
                    else:
                        process.send(recording(trace))
                except (grpc.RpcError, ValueError, requests.RequestException):
                    return
                acknowledged.append(trace)

        senders = [threading.Thread(target=send, args=(http,)) for http in (True, False, False)]
        for sender in senders:
            sender.start()
        eventually(lambda: len(acknowledged) > 100)
        process.popen.kill()
        process.popen.wait()
        for sender in senders:
            sender.join()
    with Process(store_path) as process:
        assert {one.trace_id for one in process.list(limit=10_000) if one.complete} >= set(acknowledged)
        assert process.get(acknowledged[-1])[1] == recording(acknowledged[-1])


def test_waiting_readers_do_not_hold_up_a_stop(store_path: Path) -> None:
    with Process(store_path) as process:
        waiting = [process.traces.Get(api.GetRequest(trace_id=trace_id(), wait_seconds=60))]
        eventually(lambda: process.list() == [])
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(4) == 0
        assert code_of(lambda: list(waiting[0]))[0] == "UNAVAILABLE"


def test_the_store_is_private(tmp_path: Path) -> None:
    store = tmp_path / "state" / "unspan" / "traces.sqlite3"
    with Process(store) as process:
        process.send(recording(trace_id()))
        modes = [stat.S_IMODE(os.stat(path).st_mode) for path in (store.parent.parent, store.parent, *sorted(store.parent.iterdir()))]
    assert modes == [0o700, 0o700, 0o600, 0o600, 0o600]


def test_the_default_store_is_in_the_users_state_folder(tmp_path: Path) -> None:
    started = subprocess.Popen(
        [*COMMAND, "serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
        env=environment(XDG_STATE_HOME=str(tmp_path)),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr
    line = started.stderr.readline()
    started.terminate()
    assert (started.wait(20), line.split()[-1]) == (0, f"sqlite:///{tmp_path}/unspan/traces.sqlite3")


def corrupted(path: Path, spoil: str) -> None:
    """A store of some 200 traces, spoiled."""
    with Process(path) as process:
        process.send([one for _ in range(200) for one in recording(trace_id())])
    data = bytearray(path.read_bytes())
    if spoil == "its header":
        data[:100] = bytes(100)
    else:
        data[:] = b"this is no database at all, but quite a long text\n" * 200
    path.write_bytes(data)


@pytest.mark.parametrize("spoil", ["its header", "all of it"])
def test_a_file_of_which_nothing_can_be_read_is_one_sentence_at_start(store_path: Path, spoil: str) -> None:
    corrupted(store_path, spoil)
    ended = serving(store_path)
    sentence = (
        f"the store {store_path} cannot be used: the file is corrupted. Move the file away, or choose another with --store sqlite:///PATH."
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"unspan-collector: {sentence}\n")


def test_a_store_of_a_newer_version_is_one_sentence_at_start(store_path: Path) -> None:
    with Process(store_path):
        pass
    with sqlite3.connect(store_path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    ended = serving(store_path)
    why = "it was written by a newer unspan (schema 99, this one knows up to 2)"
    remedy = "Install that version, or choose another store with --store sqlite:///PATH."
    assert (ended.returncode, ended.stderr) == (1, f"unspan-collector: the store {store_path} cannot be used: {why}. {remedy}\n")


def test_a_database_of_another_application_is_left_alone(store_path: Path) -> None:
    with sqlite3.connect(store_path) as db:
        db.execute("CREATE TABLE core_todo (id INTEGER PRIMARY KEY)")
    db.close()
    before = store_path.read_bytes()
    ended = serving(store_path)
    why = "it is a database of another application. Choose another with --store sqlite:///PATH."
    assert (ended.returncode, ended.stderr) == (1, f"unspan-collector: the store {store_path} cannot be used: {why}\n")
    assert store_path.read_bytes() == before


UNWRITABLE = {
    "a file where the folder should be": "file/traces.sqlite3",
    "a folder of the kernel's": "/proc/unspan/traces.sqlite3",
    "a folder": ".",
}


@pytest.mark.parametrize("path", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_place_that_cannot_be_written_is_one_sentence_at_start(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")
    ended = serving(tmp_path / path)
    assert (ended.returncode, ended.stderr.count("\n"), "Traceback" in ended.stderr) == (1, 1, False)
    assert ended.stderr.startswith(f"unspan-collector: the store {tmp_path / path} cannot be used: ")


@pytest.mark.parametrize("door", ["grpc", "http"])
def test_a_port_in_use_is_one_sentence_at_start(store_path: Path, door: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = {"grpc": "127.0.0.1:0", "http": "127.0.0.1:0", door: at}
        ended = command(
            "serve", "--store", f"sqlite:///{store_path}", *[part for name, value in flags.items() for part in (f"--{name}", value)]
        )
    sentence = f"cannot listen on {at} (the port is in use): stop what uses it, or choose another address with --{door} HOST:PORT."
    assert (ended.returncode, ended.stderr) == (1, f"unspan-collector: {sentence}\n")


def test_two_collectors_do_not_share_a_port_in_silence(store_path: Path) -> None:
    with Process(store_path) as process:
        for flags in (("--grpc", process.grpc, "--http", "127.0.0.1:0"), ("--grpc", "127.0.0.1:0", "--http", process.http)):
            ended = command("serve", "--store", f"sqlite:///{store_path}2", *flags)
            assert (ended.returncode, "the port is in use" in ended.stderr) == (1, True)


def test_an_address_of_another_machine_is_one_sentence_at_start(store_path: Path) -> None:
    ended = command("serve", "--grpc", "192.0.2.1:4317", "--insecure", "--store", f"sqlite:///{store_path}")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith("unspan-collector: cannot listen on 192.0.2.1:4317 (cannot assign requested address): ")


def test_listening_beyond_this_machine_is_warned_of(store_path: Path) -> None:
    with Process(store_path, "--http", "0.0.0.0:0", "--insecure") as process:
        port = process.http.split(":")[1]
        warning = (
            f"unspan-collector: warning: http listens on 0.0.0.0:{port}, where other machines may read or write traces, or listen in: "
            "not both tokens and a certificate are set."
        )
        assert process.said[0] == warning


class Quota:
    """A limit on the size of the process's files, which needs no rights: SQLite sees an I/O error."""

    said = "does not work: disk I/O error"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, process: Process | None = None) -> None:
        limit(process, 4096) if process else resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))

    def empty(self, process: Process) -> None:
        limit(process, resource.RLIM_INFINITY)


class SmallDisk:
    """A file system of 512 KiB, which needs the right to mount one: SQLite sees that it is full."""

    said = "is full: free some space"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], check=True, capture_output=True)

    def fill(self, process: Process | None = None) -> None:
        with pytest.raises(OSError, match="No space left"):
            (self.folder / "filler").write_bytes(bytes(1 << 20))

    def empty(self, process: Process) -> None:
        (self.folder / "filler").unlink()


def limit(process: Process, size: int) -> None:
    """Lets no file of the process grow beyond `size` bytes."""
    resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        mounted = (
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False).returncode == 0
        )
        return mounted and subprocess.run(["umount", folder], check=True).returncode == 0


@pytest.fixture(params=[Quota, SmallDisk] if may_mount() else [Quota], ids=lambda disk: disk.__name__)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Quota | SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    yield request.param(folder)
    if request.param is SmallDisk:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("new", [True, False], ids=["a new store", "a store that is there"])
def test_a_full_disk_at_start_is_one_sentence(disk: Quota | SmallDisk, new: bool) -> None:
    store = disk.folder / "traces.sqlite3"
    if not new:
        with Process(store) as process:
            process.send(recording(trace_id()))
    before = disk.fill if isinstance(disk, Quota) else disk.fill()
    ended = serving(store, preexec_fn=before)
    assert (ended.returncode, ended.stderr.count("\n"), "Traceback" in ended.stderr) == (1, 1, False)
    why = "disk I/O error. Check the disk" if isinstance(disk, Quota) else "the disk is full. Free some space"
    assert ended.stderr.startswith(f"unspan-collector: the store {store} cannot be used: {why}")


def test_a_full_disk_while_running_is_retryable_and_passes(disk: Quota | SmallDisk) -> None:
    store = disk.folder / "traces.sqlite3"
    with Process(store) as process:
        before = trace_id()
        process.send(recording(before))
        disk.fill(process)
        code, sentence, trailing = code_of(lambda: [process.send(recording(trace_id())) for _ in range(200)])
        assert (code, sentence.endswith(disk.said), str(store) in sentence) == ("UNAVAILABLE", True, True), sentence
        assert RetryInfo.FromString(trailing["google.rpc.retryinfo-bin"]).retry_delay.seconds > 0
        refused = trace_id()
        raw, kind = (
            export([span(refused, 1, attributes={"x": random_text()})]).SerializeToString(),
            {"Content-Type": "application/x-protobuf"},
        )
        response = requests.post(f"http://{process.http}/v1/traces", data=raw, headers=kind, timeout=9)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert process.get(before)[0].complete
        disk.empty(process)
        assert requests.get(f"http://{process.http}/healthz", timeout=9).status_code == 200
        process.send_raw(raw)
        assert process.get(refused)[0].spans == 1
        assert process.stop() == 0


def random_text() -> str:
    """Text that does not compress: a small batch may still fit where this does not."""
    return os.urandom(20_000).hex()


def test_an_exporter_tries_again_until_there_is_room(store_path: Path) -> None:
    with Process(store_path) as process:
        limit(process, 4096)
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"http://{process.grpc}", insecure=True, timeout=30)))
        with provider.get_tracer("patient").start_as_current_span("a span") as made:
            pass
        flushed = threading.Thread(target=provider.force_flush)
        flushed.start()
        eventually(lambda: requests.get(f"http://{process.http}/healthz", timeout=9).status_code == 503)
        limit(process, resource.RLIM_INFINITY)
        flushed.join()
        trace = format_trace_id(made.get_span_context().trace_id)
        assert [one.name for one in process.get(trace, wait=30)[1]] == ["a span"]
        provider.shutdown()


def test_a_file_removed_under_a_running_collector_is_made_again(store_path: Path) -> None:
    with Process(store_path) as process:
        process.send(recording(trace_id()))
        for left in store_path.parent.iterdir():
            if left.name == store_path.name:
                left.unlink()
        trace = trace_id()
        process.send(recording(trace))
        assert [one.trace_id for one in process.list()] == [trace]
        assert process.stop() == 0
    with Process(store_path) as process:
        assert process.get(trace)[1] == recording(trace)


def test_a_damaged_trace_is_told_apart_from_a_wrong_one(store_path: Path) -> None:
    with Process(store_path) as process:
        good, bad = trace_id(), trace_id()
        process.send(recording(good))
        process.send(recording(bad)[:3])
        db = sqlite3.connect(store_path)
        blob = bytearray(db.execute("SELECT spans FROM chunk WHERE trace_id = ?", (bytes.fromhex(bad),)).fetchone()[0])
        blob[len(blob) // 2] ^= 0x55
        with db:
            db.execute("UPDATE chunk SET spans = ? WHERE trace_id = ?", (bytes(blob), bytes.fromhex(bad)))
        db.close()
        assert code_of(lambda: process.get(bad))[:2] == (
            "DATA_LOSS",
            f"trace {bad[:8]}… is damaged on the collector's disk: record it again",
        )
        process.send(recording(bad)[3:])
        assert process.get(good)[1] == recording(good)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_small_answers_leave_at_once(host: str) -> None:
    """An answer's head and body are two writes: the second waits for the client's acknowledgement of the first, unless the socket says otherwise."""

    async def option() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = bound("http", Address(host, 0))
        async with await asyncio.start_server(accepted, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname()[:2])
            try:
                return await found
            finally:
                writer.close()

    assert asyncio.run(option())


def test_too_much_at_once_is_refused_for_a_moment_only(store_path: Path) -> None:
    with Process(store_path, "--queue-bytes", "1M") as process:
        raw = [
            export([request_span(trace := trace_id()), span(trace, 9, attributes={"x": "y" * 700_000})]).SerializeToString()
            for _ in range(40)
        ]
        pending = [process.channel.unary_unary(EXPORT).future(one, timeout=30) for one in raw]
        codes = {one.code() for one in pending}
        assert codes == {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
        busy = next(one for one in pending if one.code() == grpc.StatusCode.UNAVAILABLE)
        assert busy.details() == "the collector is receiving faster than it can store: try again"
        assert len(process.list(limit=99)) == sum(one.code() == grpc.StatusCode.OK for one in pending)
        process.send([])


def test_bodies_that_are_never_ended_take_no_more_than_the_queue(store_path: Path) -> None:
    data = gzip.compress(bytes(40 << 20), 9)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\nContent-Length: {len(data)}\r\n\r\n"
    with Process(store_path, "--queue-bytes", "64M") as process:
        host, port = process.http.rsplit(":", 1)
        started = memory(process.popen.pid)
        senders = [socket.create_connection((host, int(port)), 30) for _ in range(8)]
        for sender in senders:
            sender.sendall(head.encode() + data[:-1])
        assert requests.get(f"http://{process.http}/healthz", timeout=30).status_code == 200  # which comes after them
        assert memory(process.popen.pid) < started + (160 << 20)
        for sender in senders:
            sender.sendall(data[-1:])
        answers = sorted(sender.recv(12)[9:] for sender in senders)
        for sender in senders:
            sender.close()
    assert answers == [b"400", *[b"503"] * 7]


def test_old_traces_are_removed(store_path: Path) -> None:
    old, new = trace_id(), trace_id()
    with Process(store_path) as process:
        process.send(recording(old, at=time.time_ns() - 3 * 86_400 * 10**9))
        process.send(recording(new, at=time.time_ns()))
    with Process(store_path, "--keep-days", "2") as process:
        assert eventually(lambda: (found := [one.trace_id for one in process.list()]) == [new] and found) == [new]
