"""OTLP over HTTP: `POST /v1/traces` as protobuf or JSON, `/v1/metrics` and `/v1/logs` accepted and dropped, `GET /healthz`."""

import math
import zlib
from collections.abc import Awaitable, Callable

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unspan_collector import json_encoding
from unspan_collector.errors import Refused, TooLarge, Undecodable, UnknownMedia
from unspan_collector.intake import Room
from unspan_collector.receiver import MOST_BYTES, Receiver
from unspan_collector.tokens import Tokens

PROTOBUF, JSON = "application/x-protobuf", "application/json"
STATUSES: dict[type[Refused], int] = {Undecodable: 400, TooLarge: 413, UnknownMedia: 415}
"""Statuses of permanent refusals; every other refusal is 503 with Retry-After."""
CODES = {400: 3, 413: 8, 415: 3, 503: 14}
"""gRPC's numbers, for the Status message that OTLP wants as the body of an error."""

Health = Callable[[], Awaitable[tuple[bool, str]]]


def application(receiver: Receiver, health: Health, tokens: Tokens) -> Starlette:
    async def traces(request: Request) -> Response:
        kind = media_type(request)
        if sentence := tokens.refusal(request.headers.get("authorization"), reading=False):
            return encoded(Status(code=16, message=sentence), kind, 401)
        try:
            if kind not in (PROTOBUF, JSON):
                raise UnknownMedia(f"content type {kind[:60]!r} is not spoken here: send {PROTOBUF} or {JSON}")
            with receiver.room() as room:
                answer = await receiver.traces(await body(request, room), json_encoding.decoded if kind == JSON else None, room)
        except Refused as refused:
            return refusal(refused, kind)
        except ClientDisconnect:
            return Response(status_code=400)
        return encoded(answer, kind)

    async def dropped(request: Request) -> Response:
        receiver.drop(request.url.path.rpartition("/")[2])
        return Response(b"{}" if media_type(request) == JSON else b"", media_type=JSON if media_type(request) == JSON else PROTOBUF)

    async def healthz(request: Request) -> Response:
        well, sentence = await health()
        return JSONResponse({"status": "ok" if well else "failing", "detail": sentence}, 200 if well else 503)

    return Starlette(
        routes=[
            Route("/v1/traces", traces, methods=["POST"]),
            Route("/v1/metrics", dropped, methods=["POST"]),
            Route("/v1/logs", dropped, methods=["POST"]),
            Route("/healthz", healthz),
        ]
    )


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def body(request: Request, room: Room) -> bytes:
    """The request's bytes, unpacked as they come so that a small body cannot grow without limit, nor many that are never ended.

    Raises TooLarge, Undecodable, UnknownMedia; and, once all was read, Busy and Stopping.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "deflate"):
        raise UnknownMedia(f"content encoding {coding[:60]!r} is not spoken here: send gzip or none")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if coding in ("gzip", "deflate") else None
    whole, refused = bytearray(), None
    try:
        async for piece in request.stream():
            if len(whole) <= MOST_BYTES and not refused:  # what comes then is read and forgotten: who still sends would not see the answer
                refused = added(whole, unpack.decompress(piece, MOST_BYTES + 1 - len(whole)) if unpack else piece, room)
    except zlib.error as error:
        raise Undecodable(f"its {coding} compression is broken ({error})") from None
    if refused:
        raise refused
    if len(whole) > MOST_BYTES:
        raise TooLarge(MOST_BYTES)
    if unpack and whole and not unpack.eof:
        raise Undecodable(f"its {coding} compression is cut off")
    return bytes(whole)


def added(whole: bytearray, plain: bytes, room: Room) -> Refused | None:
    """Why there is no room for this much more; the body is let go of then."""
    try:
        room.grow(len(plain))
    except Refused as refused:
        whole.clear()
        return refused.with_traceback(None)  # whose frames hold what was unpacked
    whole += plain
    return None


def refusal(refused: Refused, kind: str) -> Response:
    code = STATUSES.get(type(refused), 503)
    response = encoded(Status(code=CODES[code], message=str(refused)), kind, code)
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(refused.retry_after))
    return response


def encoded(message: Message, kind: str, status: int = 200) -> Response:
    """The message in the encoding that the sender used; protobuf where that is unknown."""
    if kind == JSON:
        return Response(json_format.MessageToJson(message, indent=None), status, media_type=JSON)
    return Response(message.SerializeToString(), status, media_type=PROTOBUF)
