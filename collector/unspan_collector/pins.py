"""Pinning traces, which no limit removes then: the service of a running collector, and the question to it. Of the command line only, no part of the contract."""

import asyncio
import json
from typing import Any

import grpc
import grpc.aio

from unspan_collector.errors import NoAnswer, NotPinned, NotRunning, Refused, WrongQuestion
from unspan_collector.questions import prefix
from unspan_collector.read_api import failed, missing
from unspan_collector.status import REASONS, TIMEOUT, asked
from unspan_collector.store.contract import Query, Store

SERVICE = "unspan.collector.Pins"
KNOWN = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.DATA_LOSS)


def handler(store: Store) -> grpc.GenericRpcHandler:
    """Takes `{"traces": [ids, prefixes or "latest"], "pin": bool}`, answers the whole ids; all of them or none."""

    async def change(raw: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        try:
            wanted, keep = question(raw)
            ids = [await asyncio.to_thread(found, store, one) for one in wanted]
            for trace_id in ids:
                await asyncio.to_thread(store.pin, trace_id, keep)
            return json.dumps(ids).encode()
        except (NoAnswer, Refused) as error:
            await failed(context, error)

    return grpc.method_handlers_generic_handler(SERVICE, {"Set": grpc.unary_unary_rpc_method_handler(change)})


def question(raw: bytes) -> tuple[list[str], bool]:
    """Raises WrongQuestion."""
    try:
        told = json.loads(raw)
        wanted, keep = told["traces"], told["pin"]
    except (ValueError, LookupError, TypeError):
        raise WrongQuestion("it must be JSON with traces and pin") from None
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted) or not isinstance(keep, bool):
        raise WrongQuestion("traces must be a list of texts, and pin true or false")
    return wanted, keep


def found(store: Store, trace_id: str) -> str:
    """The whole id. Raises NoAnswer."""
    some = store.newest(Query(limit=1, only_complete=True, asides=False)) if trace_id == "latest" else store.named(prefix(trace_id))
    if not some:
        raise missing(trace_id)
    if len(some) > 1:
        raise WrongQuestion(f"the prefix {trace_id} fits several traces: give more digits")
    return some[0].trace_id


def changed(address: str, traces: list[str], keep: bool, token: str = "", certificate: str = "") -> list[str]:
    """Asks the collector at `address`; the whole ids. Raises NotRunning, NotPinned."""
    with asked(address, certificate) as channel:
        try:
            borne = (("authorization", f"Bearer {token}"),) if token else ()
            raw = json.dumps({"traces": traces, "pin": keep}).encode()
            return json.loads(channel.unary_unary(f"/{SERVICE}/Set")(raw, timeout=TIMEOUT, metadata=borne))
        except grpc.RpcError as error:
            code = error.code()  # pyright: ignore[reportAttributeAccessIssue]
            if code in KNOWN:
                raise NotPinned(str(error.details())) from None  # pyright: ignore[reportAttributeAccessIssue]
            raise NotRunning(address, REASONS.get(code, f"gRPC says {code.name}")) from None
