"""Asking a running collector how it is."""

import json
from pathlib import Path
from typing import Any

import grpc

from unspan_collector.errors import NotRunning

SERVICE = "unspan.collector.Status"
"""Of the command line only, no part of the contract."""
TIMEOUT = 5.0


def status(address: str, token: str = "", certificate: str = "") -> dict[str, Any]:
    """What the collector at `address` tells of itself. Raises NotRunning."""
    with asked(address, certificate) as channel:
        try:
            borne = (("authorization", f"Bearer {token}"),) if token else ()
            return json.loads(channel.unary_unary(f"/{SERVICE}/Get")(b"", timeout=TIMEOUT, metadata=borne))
        except grpc.RpcError as error:
            code = error.code()  # pyright: ignore[reportAttributeAccessIssue]
            raise NotRunning(address, REASONS.get(code, f"gRPC says {code.name}")) from None


def asked(address: str, certificate: str) -> grpc.Channel:
    options = (("grpc.enable_http_proxy", 0),)
    shown = grpc.ssl_channel_credentials(Path(certificate).read_bytes()) if certificate else None
    return grpc.secure_channel(address, shown, options) if shown else grpc.insecure_channel(address, options)


REASONS = {
    grpc.StatusCode.UNAVAILABLE: "nothing listens there",
    grpc.StatusCode.UNIMPLEMENTED: "something else listens there",
    grpc.StatusCode.UNAUTHENTICATED: "it wants another token for reading: UNSPAN_COLLECTOR_READ_TOKEN",
    grpc.StatusCode.DEADLINE_EXCEEDED: f"no answer within {TIMEOUT:.0f} s",
}


def readable(told: dict[str, Any]) -> str:
    """The same for a person."""
    if "traces" not in told:
        return f"running, but failing: {told['detail']}"
    well = "running" if told["healthy"] else f"running, but failing: {told['detail']}"
    pinned = f" ({told['pinned']} pinned)" if told.get("pinned") else ""
    return f"{well}\n{told['traces']} traces{pinned}, {size(told['bytes'])} of spans, {size(told['disk_bytes'])} on disk in {told['store']}"


def size(octets: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if octets < 1024:
            return f"{octets:.0f} {unit}" if unit == "bytes" else f"{octets:.1f} {unit}"
        octets /= 1024
    return f"{octets:.1f} GiB"
