"""The client of the read API against a real gRPC server."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from edge_traces import PROJECT, TRACE, ReadApi, completing_a_todo, project, served, summary
from unspan_inverter.errors import InverterError, NothingYet, Unreadable
from unspan_inverter.reading import Collector, reason
from unspan_inverter.recorded import Recorded, only
from unspan_inverter.settings import Endpoint
from unspan_proto.readapi.traces_pb2 import ListRequest


def fetched(address: str, trace_id: str) -> Recorded:
    with Collector(Endpoint(address)) as collector:
        return collector.fetched(trace_id)


@pytest.mark.parametrize("asked", [TRACE, TRACE[:6], TRACE[:20], "latest"])
def test_a_trace_comes_whole_with_its_project(collector, asked):
    found = fetched(collector.address, asked)

    assert found.trace_id == TRACE
    assert found.spans() == Recorded(TRACE, completing_a_todo()).spans()
    assert found.project_spans() == Recorded(PROJECT, project()).spans()


def test_the_project_is_not_fetched_where_nobody_asks(collector):
    with Collector(Endpoint(collector.address)) as client:
        found = client.fetched(TRACE, project=False)

    assert [asked.trace_id for asked in collector.api.asked] == [TRACE]
    assert not found.project_spans()


def test_a_trace_without_a_description_is_still_fetched(collector):
    del collector.api.traces[PROJECT]

    assert fetched(collector.address, TRACE).project_spans() == []


def test_the_newest_request_is_waited_for():
    api = ReadApi()
    api.arriving[TRACE] = (time.monotonic() + 0.3, completing_a_todo())
    api.traces[PROJECT] = project()
    with served(api) as address:
        assert fetched(address, "latest").trace_id == TRACE


def test_summaries_come_as_the_collector_gives_them(collector):
    wanted = ListRequest(limit=3, path="/a/*")

    with Collector(Endpoint(collector.address)) as client:
        assert client.newest(wanted) == [summary()]
    assert collector.api.asked == [wanted]


def test_an_id_that_is_not_there_is_said(collector):
    with pytest.raises(InverterError) as caught:
        fetched(collector.address, "abcdef0123456789")

    assert str(caught.value) == (
        f"trace abcdef01… is not in the collector at {collector.address}.\n"
        "It may not have arrived yet (spans are sent every second), or was recorded elsewhere: --endpoint."
    )


def test_a_prefix_of_several_is_said(collector):
    collector.api.traces[TRACE[:-1] + "f"] = completing_a_todo()

    with pytest.raises(InverterError) as caught:
        fetched(collector.address, TRACE[:7])

    assert str(caught.value) == (
        "trace 4f1c000 cannot be fetched: the prefix 4f1c000 fits several traces (1 and 2): give more digits.\n"
        "Give more of its 32 hex digits: inverter traces --json shows them."
    )


def test_an_empty_collector_has_no_latest():
    with served(ReadApi()) as address, pytest.raises(NothingYet):
        fetched(address, "latest")


def test_bytes_that_are_no_spans_are_said(collector):
    collector.api.bytes = b"\xff\xff\xff"

    with pytest.raises(Unreadable, match="the collector holds bytes that are no OTLP spans"):
        fetched(collector.address, TRACE)


def test_nobody_at_the_port_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InverterError) as caught:
            fetched(address, TRACE)

    assert str(caught.value) == (
        f"no collector answers at {address}: the connection was refused.\n"
        "Start one with: unspan-collector serve — or name another with --endpoint HOST:PORT or UNSPAN_ENDPOINT."
    )


def test_another_grpc_service_is_said():
    with (
        served(None) as address,
        pytest.raises(InverterError, match=f"what answers at {address} cannot read traces back: Method not found"),
    ):
        fetched(address, TRACE)


def test_a_web_server_at_the_port_is_said():
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(InverterError) as caught:
            fetched(f"127.0.0.1:{server.server_port}", TRACE)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert f"no collector answers at 127.0.0.1:{server.server_port}: " in str(caught.value)


def test_the_http_port_of_otlp_is_named():
    from unspan_inverter.errors import NotReachable

    assert str(NotReachable("localhost:4318", "no")).startswith(
        "no collector answers at localhost:4318 (4318 is OTLP's HTTP port; the read API is gRPC, usually at 4317): no."
    )


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ("failed to connect to all addresses; last error: ... connect: Connection refused (111)", "the connection was refused"),
        ("DNS resolution failed for nowhere:4317: C-ares status", "the name of the host is not known"),
        (
            "last error: UNAVAILABLE: ipv4:1.2.3.4:80: Failed parsing HTTP/2 (Expected SETTINGS frame",
            "something without gRPC answers there",
        ),
        ("Socket closed", "the connection was closed"),
        ("something else", "something else"),
    ],
)
def test_reasons_are_in_a_persons_words(details, words):
    assert reason(details) == words


def test_one_trace_is_taken_out_of_several():
    both = completing_a_todo()
    both.MergeFrom(project())

    assert only(both, PROJECT) == project()
    assert only(both, TRACE) == completing_a_todo()
