"""What a recorded run did otherwise than plain runs did, request by request. Pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from client import Exchange
from masking import Template, plain, secrets
from runs import Played

ASPECTS = ("answers", "headers", "body", "sql", "mail", "files", "rows")
Text = Callable[[Played], str]


@dataclass
class Compared:
    """One request. `different` holds for each aspect where, and `plain: … recorded: …`; `unsteady` what no two plain runs agree on."""

    name: str
    requests: int
    statements: int
    masked: list[tuple[str, str]] = field(default_factory=list)
    different: dict[str, str] = field(default_factory=dict)
    unsteady: list[str] = field(default_factory=list)


def compared(plains: Sequence[Played], recorded: Played, address: str) -> Compared:
    """The same request in each of the plain runs and in the recorded one."""
    first = plains[0]
    found = Compared(recorded.name, len(recorded.exchanges), len(recorded.statements))
    outlines = [outline(one) for one in plains]
    if outline(recorded) not in outlines:
        found.different["answers"] = (
            f"plain: {outlines[0]} recorded: {outline(recorded)} ({', '.join(one.target for one in recorded.exchanges)})"
        )
        return found
    runs = [*[one for one in plains if outline(one) == outline(recorded)], recorded]
    known = [secrets(run.exchanges) for run in runs]
    for aspect, text in texts(len(first.exchanges)):
        *said, other = (plain(text(run), some, address) for run, some in zip(runs, known, strict=True))
        compare(found, aspect, said, other)
    return found


def compare(found: Compared, aspect: str, said: Sequence[str], other: str) -> None:
    if other in said or aspect in found.different:
        return
    template = Template(said)
    found.masked += template.masked
    if not template.steady:
        found.unsteady.append(aspect)
    elif unlike := template.unlike(other):
        found.different[aspect] = f"line {unlike.line}: plain: {unlike.plain[:300]!r} recorded: {unlike.recorded[:300]!r}"


def outline(played: Played) -> str:
    """The requests and their statuses, or what kept the play from its end."""
    return played.error or ", ".join(f"{one.method} {one.status}" for one in played.exchanges)


def texts(exchanges: int) -> list[tuple[str, Text]]:
    """What is compared, as text; each exchange of the play has headers and a body."""
    found: list[tuple[str, Text]] = [("answers", lambda run: "\n".join(one.target for one in run.exchanges))]
    for at in range(exchanges):
        found.append(("headers", lambda run, at=at: headers(run.exchanges[at])))
        found.append(("body", lambda run, at=at: body(run.exchanges[at])))
    return [
        *found,
        ("sql", lambda run: "\n".join(run.statements)),
        ("mail", lambda run: "\n".join(run.mails)),
        ("files", lambda run: "\n".join(run.files)),
        ("rows", lambda run: "\n".join(run.rows)),
    ]


def headers(exchange: Exchange) -> str:
    """A length says nothing where the body is packed, or is a debug page, which names the wrapper: bodies are compared anyway."""
    measured = not exchange.got_header("content-encoding") and "DJANGO_SETTINGS_MODULE" not in exchange.text
    return "\n".join(f"{name}: {value if measured or name.lower() != 'content-length' else '…'}" for name, value in exchange.got)


def body(exchange: Exchange) -> str:
    """Byte for byte: what is no UTF-8 keeps its bytes."""
    return exchange.decoded.decode("utf-8", "backslashreplace")
