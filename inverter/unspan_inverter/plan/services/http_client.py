"""`http.client` and what is built on it (`urllib.request`): answers stand in for the socket."""

from dataclasses import replace
from typing import Any

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Context, Import, Item, Listed, Name, call, method
from unspan_inverter.plan.services import failing
from unspan_inverter.plan.services.kinds import (
    Exchanges,
    Payload,
    Stub,
    bodies_sent,
    function,
    kept_pairs,
    maker,
    replies,
    requests_made,
)

FUNCTION = '''
@contextlib.contextmanager
def wire(*recorded):
    """Answers outbound requests with what was recorded: (status, body, headers), or an exception, in order. Gives those that are made."""
    queue, sent = iter(recorded), []

    def putrequest(connection, method, url, *args, **options):
        connection.sending = [method, url or "/", b""]
        sent.append(connection.sending)

    def send(connection, data):
        connection.sending[2] += data if isinstance(data, bytes) else b"".join(data)

    def endheaders(connection, message_body=None, **options):
        connection.answer = next(queue)
        if isinstance(connection.answer, (ConnectionRefusedError, socket.gaierror, ssl.SSLError)):
            raise connection.answer
        connection.send(message_body or b"")

    def getresponse(connection):
        if isinstance(connection.answer, Exception):
            raise connection.answer
        status, body, headers = connection.answer
        lines = [f"HTTP/1.1 {status} Recorded", *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}", "", ""]
        stream = io.BytesIO("\\r\\n".join(lines).encode("latin-1") + body)
        response = http.client.HTTPResponse(mock.Mock(makefile=lambda *args, **kwargs: stream), method=connection.sending[0])
        response.begin()
        return response

    network = dict(putrequest=putrequest, putheader=mock.DEFAULT, endheaders=endheaders, send=send, getresponse=getresponse)
    with mock.patch.multiple(http.client.HTTPConnection, **network):
        yield sent
'''


def stub(found: Exchanges) -> Stub:
    found = replace(found, asked=tuple((method, target(url)) for method, url in found.asked))
    context = Context(call(maker(found, "wire"), *replies(found, reply)), found.name)
    made = Listed((Name("method"), Name("url")), ("method", "url", "_"), Name(found.name))

    def body(n: int, payload: Payload) -> Any:
        content = Item(Item(Name(found.name), n), 2)
        if payload.kind == "json":
            return call(Attr(Import("json"), "loads"), content)
        return method(content, "decode") if payload.kind == "text" else content

    text = function(found, FUNCTION, "tuple(connection.sending[:2])")
    return Stub((context,), (requests_made(found, made), *bodies_sent(found, body)), (text,))


def target(url: str) -> str:
    """The request target of a URL: what stands on the request line."""
    rest = url.split("://", 1)[-1]
    path = rest[rest.index("/") :] if "/" in rest else "/"
    return path.split("#", 1)[0]


def reply(one: HttpAnswered) -> object:
    """Headers as pairs: those that come several times are several."""
    return failing.failure(one) if one.error else (one.status, one.response_body or b"", kept_pairs(one))
