"""Who may send and who may read: one token for each, borne as `authorization: Bearer TOKEN` at both doors. Health is everybody's."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

INGEST = "/opentelemetry."
HEALTH = "/grpc.health."


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sender and a reader have to bear; nothing where none is asked for."""

    ingest: str = ""
    read: str = ""

    def refusal(self, borne: str | None, reading: bool) -> str:
        """The sentence for who does not bear what is asked for; empty for who does."""
        wanted = self.read if reading else self.ingest
        if not wanted or hmac.compare_digest((borne or "").encode(), f"Bearer {wanted}".encode()):
            return ""
        how = "UNSPAN_READ_TOKEN=…" if reading else "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…"
        return (
            f"this collector wants a token for {'reading' if reading else 'sending'}, {'another' if borne else 'and none'} came: set {how}"
        )


class Guard(grpc.aio.ServerInterceptor):
    """The tokens at gRPC's door."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        method: str = handler_call_details.method  # pyright: ignore[reportAttributeAccessIssue]
        borne: Any = dict(handler_call_details.invocation_metadata or ()).get("authorization")  # pyright: ignore[reportAttributeAccessIssue]
        sentence = (
            ""
            if method.startswith(HEALTH)
            else self._tokens.refusal(borne if isinstance(borne, str) else None, not method.startswith(INGEST))
        )
        return refusing(sentence) if sentence else await continuation(handler_call_details)


def refusing(sentence: str) -> Any:
    """A handler that refuses every call."""

    async def refuse(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, sentence)
        raise AssertionError("abort always raises")

    return grpc.unary_unary_rpc_method_handler(refuse)
