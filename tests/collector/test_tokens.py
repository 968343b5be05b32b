"""Who may send and who may read, at both doors; and doors that speak TLS."""

import http.client
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from unspan_inverter.errors import NotReachable
from unspan_inverter.reading import Collector
from unspan_inverter.settings import endpoint
from unspan_proto.readapi import traces_pb2 as api

from .making import NOON, SECOND, export, request_span, trace_id
from .process import EXPORT, Process, code_of, command, eventually

SENDING, READING = "a-token-for-sending-1", "a-token-for-reading-2"
TOKENS = {"UNSPAN_COLLECTOR_INGEST_TOKEN": SENDING, "UNSPAN_COLLECTOR_READ_TOKEN": READING}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with Process(tmp_path_factory.mktemp("tokens") / "traces.sqlite3", env=TOKENS) as process:
        yield process


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    found = folder / "collector.pem", folder / "collector.key"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        names,
    ]
    subprocess.run([*words, "-out", str(found[0]), "-keyout", str(found[1])], check=True, capture_output=True)
    return found


def answer(call: Any) -> str:
    """The status of a call that may succeed."""
    try:
        return code_of(call)[0]
    except AssertionError:
        return "OK"


def borne(token: str) -> Any:
    return (("authorization", f"Bearer {token}"),) if token else ()


@pytest.mark.parametrize(
    ("token", "code"), [(SENDING, "OK"), (READING, "UNAUTHENTICATED"), ("", "UNAUTHENTICATED"), (SENDING + "x", "UNAUTHENTICATED")]
)
def test_who_may_send(guarded: Process, token: str, code: str) -> None:
    """At both doors alike."""
    found = answer(lambda: guarded.send([request_span(trace_id())], metadata=borne(token)))
    connection = http.client.HTTPConnection(guarded.http, timeout=20)
    headers = {**PROTOBUF, **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request("POST", "/v1/traces", export([request_span(trace_id())]).SerializeToString(), headers)
    status = connection.getresponse().status
    connection.close()
    assert (found, status) == (code, 200 if code == "OK" else 401)


@pytest.mark.parametrize(("token", "code"), [(READING, "OK"), (SENDING, "UNAUTHENTICATED"), ("", "UNAUTHENTICATED")])
def test_who_may_read(guarded: Process, token: str, code: str) -> None:
    calls = (
        lambda: guarded.traces.List(api.ListRequest(), timeout=20, metadata=borne(token)),
        lambda: list(guarded.traces.Get(api.GetRequest(trace_id="0" * 32), timeout=20, metadata=borne(token))),
        lambda: guarded.traces.Delete(api.DeleteRequest(), timeout=20, metadata=borne(token)),
    )
    assert [answer(call).replace("NOT_FOUND", "OK") for call in calls] == [code] * 3


def test_health_is_everybodys(guarded: Process) -> None:
    connection = http.client.HTTPConnection(guarded.http, timeout=20)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_sentence_says_what_to_set(guarded: Process) -> None:
    with Collector(endpoint(guarded.grpc, {})) as reader, pytest.raises(NotReachable, match="UNSPAN_READ_TOKEN"):
        reader.newest(api.ListRequest())
    assert "UNSPAN_COLLECTOR_READ_TOKEN" in command("status", "--grpc", guarded.grpc).stderr
    with Collector(endpoint(guarded.grpc, {"UNSPAN_READ_TOKEN": READING})) as reader:
        assert reader.newest(api.ListRequest(limit=1)) is not None
    assert json.loads(command("status", "--json", "--grpc", guarded.grpc, env=TOKENS).stdout)["running"] is True


def test_doors_with_a_certificate(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """Sent and read over TLS; without it nobody gets in."""
    flags = ("--certificate", str(certificate[0]), "--key", str(certificate[1]))
    with Process(tmp_path / "traces.sqlite3", *flags, env=TOKENS) as process:
        with grpc.secure_channel(process.grpc, grpc.ssl_channel_credentials(certificate[0].read_bytes())) as channel:
            channel.unary_unary(EXPORT)(export([request_span(trace_id())]).SerializeToString(), timeout=20, metadata=borne(SENDING))
        variables = {
            "UNSPAN_ENDPOINT": f"https://{process.grpc}",
            "UNSPAN_READ_TOKEN": READING,
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate[0]),
        }
        with Collector(endpoint(None, variables)) as reader:
            assert len(reader.newest(api.ListRequest(all_kinds=True))) == 1
        connection = http.client.HTTPSConnection(process.http, context=ssl.create_default_context(cafile=str(certificate[0])), timeout=20)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        assert code_of(lambda: process.send([request_span(trace_id())], metadata=borne(SENDING), timeout=5))[0] in (
            "UNAVAILABLE",
            "DEADLINE_EXCEEDED",
        )


def test_a_command_is_given_the_token_and_the_certificate(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    flags = ("--store", f"sqlite:///{tmp_path}/traces.sqlite3", "--certificate", str(certificate[0]), "--key", str(certificate[1]))
    shown = "import os; print(*(os.environ[f'OTEL_EXPORTER_OTLP_{name}'] for name in ('HEADERS', 'CERTIFICATE', 'ENDPOINT')))"
    ended = command("run", *flags, "--", sys.executable, "-c", shown, env=TOKENS)
    headers, file, address = ended.stdout.split()
    assert (headers, file, address[:8]) == (f"authorization=Bearer%20{SENDING}", str(certificate[0]), "https://")


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--grpc", "0.0.0.0:0"), "--grpc = '0.0.0.0:0' is wrong: other machines can reach it"),
        (("--http", "[::]:0"), "--http = '[::]:0' is wrong: other machines can reach it"),
        (("--grpc", "0.0.0.0:0", "--ingest-token", SENDING, "--read-token", READING), "other machines can reach it"),
        (("--certificate", os.devnull), "one is there without the other"),
        (("--ingest-token", "short"), "--ingest-token = 'short' is wrong: it must be 16 or more"),
        (("--key", "/nowhere"), "there is no such file"),
    ],
)
def test_what_is_refused_at_start(tmp_path: Path, flags: tuple[str, ...], why: str) -> None:
    ended = command("serve", "--store", f"sqlite:///{tmp_path}/traces.sqlite3", *flags)
    assert (ended.returncode, why in ended.stderr) == (2, True), ended.stderr


def test_the_newest_are_kept(tmp_path: Path) -> None:
    store = tmp_path / "traces.sqlite3"
    with Process(store) as process:
        for number in range(1, 6):
            process.send([request_span(trace_id(number), at=NOON + number * SECOND)])
    with Process(store, "--keep-traces", "2") as process:
        assert sorted(one.trace_id for one in kept(process)) == [trace_id(4), trace_id(5)]


def kept(process: Process) -> list[api.Summary]:
    return eventually(lambda: (found := process.list(all_kinds=True, limit=100)) and len(found) <= 2 and found)
