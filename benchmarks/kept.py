"""What the collector has of a benchmark's requests: run in the environment that has the product. The exit code is 1 when calls are missing.

python benchmarks/kept.py COLLECTOR STORE PATH CALLS REQUESTS
"""

import sqlite3
import sys
import time
from typing import Any

import grpc
from unspan_proto.readapi import traces_pb2 as api
from unspan_proto.readapi.traces_pb2_grpc import TracesStub


def main(collector: str, store: str, path: str, calls: str, requests: str) -> int:
    whole, found = arrived(collector, path, int(calls), int(requests))
    print(f"    {len(whole)} of {requests} traces are complete with all {int(calls):,} calls")
    for trace in [one for one in found if one not in whole][:3]:
        print(f"      {trace.trace_id}: {trace.spans} spans, {'; '.join(trace.lost)}")
    if whole:
        weigh(store, whole[-1], int(calls))
    sys.stdout.flush()
    return 0 if len(whole) == int(requests) else 1


def arrived(collector: str, path: str, calls: int, requests: int) -> tuple[list[Any], list[Any]]:
    """The newest traces of a path that are whole, and all of them."""
    whole: list[Any] = []
    found: list[Any] = []
    with grpc.insecure_channel(collector) as channel:
        for _ in range(60):
            time.sleep(0.5)
            found = list(TracesStub(channel).List(api.ListRequest(limit=requests * 2, path=path)).traces)
            whole = [one for one in found if one.complete and one.spans >= calls + 30]
            if len(whole) == requests:
                break
    return whole, found


def weigh(store: str, trace: Any, calls: int) -> None:
    """Bytes of a trace as they came and as they are kept."""
    key = (bytes.fromhex(trace.trace_id),)
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        [[chunks]] = connection.execute("SELECT sum(length(spans)) FROM chunk WHERE trace_id = ?", key)
        [[facts]] = connection.execute("SELECT length(facts) FROM trace WHERE trace_id = ?", key)
    kept = chunks + facts
    print(
        f"    a trace: {trace.bytes:,} bytes on the wire ({trace.bytes / calls:.0f} a call), {kept:,} in the store ({kept / calls:.0f} a call)"
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
