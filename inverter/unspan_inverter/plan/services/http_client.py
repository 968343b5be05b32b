"""`http.client` and what is built on it (`urllib.request`): answers stand in for the socket."""

from collections.abc import Sequence

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Check, Context, Import, Item, Listed, Name, call, reached
from unspan_inverter.plan.services.kinds import Stub, kept_headers

FUNCTION = '''
def wire(*recorded):
    """Answers outbound requests with what was recorded: (status, body, headers), or an exception, in order."""
    queue = iter(recorded)

    def getresponse(connection):
        answer = next(queue)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        lines = [f"HTTP/1.1 {status} Recorded", *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body)}", "", ""]
        socket = mock.Mock(makefile=lambda *args, **kwargs: io.BytesIO("\\r\\n".join(lines).encode("latin-1") + body))
        response = http.client.HTTPResponse(socket)
        response.begin()
        return response

    return getresponse
'''


def stub(exchanges: Sequence[HttpAnswered], name: str) -> Stub:
    patch = reached(Import("unittest", "mock"), "patch.object")
    connection = Attr(Import("http.client"), "HTTPConnection")
    replies = tuple(reply(one) for one in exchanges)
    contexts = (
        Context(Call(patch, (connection, "getresponse"), (("autospec", True), ("side_effect", call(Name("wire"), *replies))))),
        Context(Call(patch, (connection, "putrequest"), (("autospec", True),)), name),
        Context(Call(patch, (connection, "putheader"), (("autospec", True),))),
        Context(Call(patch, (connection, "endheaders"), (("autospec", True),))),
        Context(Call(patch, (connection, "send"), (("autospec", True),))),
    )
    sent = Listed(Item(Attr(Name("call"), "args"), slice(1, 3)), ("call",), Attr(Name(name), "call_args_list"))
    return Stub(contexts, (Check("equal", (sent, [(one.method, target(one.url)) for one in exchanges])),), (FUNCTION,))


def target(url: str) -> str:
    """The request target of a URL: what stands on the request line."""
    rest = url.split("://", 1)[-1]
    path = rest[rest.index("/") :] if "/" in rest else "/"
    return path.split("#", 1)[0]


def reply(one: HttpAnswered) -> object:
    if one.error:
        return call(Name("ConnectionError"), one.error_message or "recorded")
    return (one.status, one.response_body or b"", kept_headers(one))
