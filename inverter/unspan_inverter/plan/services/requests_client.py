"""`requests`: answers stand in for the transport adapter, below sessions, redirects and hooks."""

from collections.abc import Sequence

from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Attr, Call, Check, Context, Import, Listed, Name, call, reached
from unspan_inverter.plan.services.kinds import Stub, kept_headers

FUNCTION = '''
def answers(*recorded):
    """Answers outbound requests with what was recorded: (status, body, headers), or an exception, in order."""
    queue = iter(recorded)

    def send(adapter, request, **options):
        answer = next(queue)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body, headers = answer
        response.raw, response.url, response.request = io.BytesIO(body), request.url, request
        response.headers.update(headers)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        return response

    return send
'''


def stub(exchanges: Sequence[HttpAnswered], name: str) -> Stub:
    replies = tuple(reply(one) for one in exchanges)
    patch = Call(
        reached(Import("unittest", "mock"), "patch.object"),
        (reached(Import("requests"), "adapters.HTTPAdapter"), "send"),
        (("autospec", True), ("side_effect", call(Name("answers"), *replies))),
    )
    request = "request"
    sent = Listed((Attr(Name(request), "method"), Attr(Name(request), "url")), ("_", request), arguments(name))
    return Stub((Context(patch, name),), (Check("equal", (sent, [(one.method, one.url) for one in exchanges])),), (FUNCTION,))


def arguments(name: str) -> Listed:
    """The positional arguments of each call of the mock."""
    return Listed(Attr(Name("call"), "args"), ("call",), Attr(Name(name), "call_args_list"))


def reply(one: HttpAnswered) -> object:
    if one.error:
        return call(Attr(Import("requests"), error_name(one.error)), one.error_message or "recorded")
    return (one.status, one.response_body or b"", kept_headers(one))


def error_name(dotted: str) -> str:
    """The exception's name as `requests` exports it."""
    known = {"ConnectionError", "ConnectTimeout", "HTTPError", "ReadTimeout", "Timeout", "TooManyRedirects", "RequestException"}
    last = dotted.rsplit(".", 1)[-1]
    return last if last in known else "ConnectionError"
