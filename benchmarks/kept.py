"""What the collector has of a benchmark's requests: run in the environment that has the product. The exit code is 1 when calls are missing, or
a trace weighs more than MOST in the store.

python benchmarks/kept.py COLLECTOR STORE PATH CALLS REQUESTS
"""

import sqlite3
import sys
import time
from typing import Any

import grpc
from unspan_proto.readapi import traces_pb2 as api
from unspan_proto.readapi.traces_pb2_grpc import TracesStub

MOST = 60_000
"""Bytes in the store of a trace of about 300 calls; of a larger one as many more."""


def main(collector: str, store: str, path: str, calls: str, requests: str) -> int:
    whole, found = arrived(collector, path, int(calls), int(requests))
    print(f"    {len(whole)} of {requests} traces are complete with all {int(calls):,} calls")
    for trace in [one for one in found if one not in whole][:3]:
        print(f"      {trace.trace_id}: {trace.spans} spans, {'; '.join(trace.lost)}")
    heavy = bool(whole) and weigh(store, whole[-1], int(calls)) > MOST * max(int(calls) / 305, 1)
    if heavy:
        print(f"    BROKEN: more than {MOST:,} bytes in the store for 305 calls")
    sys.stdout.flush()
    return 0 if len(whole) == int(requests) and not heavy else 1


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


def weigh(store: str, trace: Any, calls: int) -> int:
    """Bytes of a trace as they came and as they are kept; returns the latter."""
    key = (bytes.fromhex(trace.trace_id),)
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        [[chunks]] = connection.execute("SELECT sum(length(spans)) FROM chunk WHERE trace_id = ?", key)
        [[facts]] = connection.execute("SELECT length(facts) FROM trace WHERE trace_id = ?", key)
    kept = chunks + facts
    print(
        f"    a trace: {trace.bytes:,} bytes on the wire ({trace.bytes / calls:.0f} a call), {kept:,} in the store ({kept / calls:.0f} a call)"
    )
    return int(kept)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
