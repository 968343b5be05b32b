"""Why no test could be made, each with its sentence: what, about which thing, what to do now."""


def one_line(text: str, most: int = 300) -> str:
    """Recorded text for a sentence: one line, at most so long, nothing in it that a terminal acts on."""
    whole = "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"


class InverterError(Exception):
    """Something a person can act on; `str()` is the text for stderr, further lines tell what to do. `code` is the exit code."""

    code = 1


class Unreadable(InverterError):
    """The trace's data does not keep the contract."""

    def __init__(self, trace_id: str, why: str) -> None:
        super().__init__(
            f"trace {short(trace_id)} cannot be read: {one_line(why)}.\n"
            f"Record it again, or look at it with: inverter show --trace-id {one_line(trace_id, 32)}"
        )


class NoRequest(InverterError):
    """The trace holds no request to make again."""

    def __init__(self, trace_id: str) -> None:
        super().__init__(
            f"trace {short(trace_id)} holds no Django request.\n"
            "A test of level integration needs one: was the application started under opentelemetry-instrument with unspan installed?"
        )


class NotFromWork(InverterError):
    """The trace is of a unit of work that no test does again, whether or not it holds requests. `cut`: it would, but its end is missing."""

    def __init__(self, trace_id: str, kind: str, name: str, cut: bool = False) -> None:
        why = "its end did not arrive" if cut else "tests are made from requests, tasks and commands only"
        super().__init__(
            f"trace {short(trace_id)} is the {one_line(kind, 20)} {one_line(name, 200)}, and {why}.\n"
            "Look at it with `inverter show`, or choose a request: `inverter traces` lists both."
        )


class Incomplete(InverterError):
    """Parts of the trace are missing."""

    def __init__(self, trace_id: str, gaps: list[str]) -> None:
        listed = "; ".join(one_line(gap) for gap in gaps[:3]) + (f"; and {len(gaps) - 3} more" if len(gaps) > 3 else "")
        super().__init__(f"trace {short(trace_id)} is not complete: {listed}.\nRecord it again, or accept a weaker test with --allow-gaps.")


class NotRepeatable(InverterError):
    """What happened hung on something that no test can arrange."""

    def __init__(self, trace_id: str, why: str) -> None:
        super().__init__(
            f"no test from trace {short(trace_id)}: {why}.\nRecord again once it is mended, or accept a test that may fail with --allow-gaps."
        )


class NotAtLevel(InverterError):
    """A test of another level can be made, and not of this one."""

    def __init__(self, trace_id: str, level: str, why: str) -> None:
        super().__init__(
            f"no {level} test from trace {short(trace_id)}: {one_line(why)}.\nA test of the whole request can be made: --level integration."
        )


class NoTestOfWork(InverterError):
    """A task or a command that no test can do again."""

    def __init__(self, trace_id: str, why: str) -> None:
        super().__init__(
            f"no test from trace {short(trace_id)}: {one_line(why)}.\nFunctions that it called may have tests of their own: --level unit."
        )


class Redacted(InverterError):
    """The code holds a secret as a literal that the request sent or a row has: with a substitute it is another one there."""

    def __init__(self, trace_id: str, function: str) -> None:
        super().__init__(
            f"no test from trace {short(trace_id)}: the request or a row holds a secret that stands in the code of {function}, and the recorder had replaced it.\n"
            "Record again with UNSPAN_REDACT=off, or with UNSPAN_REDACT=!NAME for its header, field or column; or accept a test that may fail with --allow-gaps."
        )


class NotReachable(InverterError):
    """No collector answers."""

    def __init__(self, endpoint: str, why: str) -> None:
        http = " (4318 is OTLP's HTTP port; the read API is gRPC, usually at 4317)" if endpoint.endswith(":4318") else ""
        super().__init__(
            f"no collector answers at {endpoint}{http}: {why}.\n"
            "Start one with: unspan-collector serve — or name another with --endpoint HOST:PORT or UNSPAN_ENDPOINT."
        )


class NotACollector(InverterError):
    """Something else than our collector answers."""

    def __init__(self, endpoint: str, why: str) -> None:
        super().__init__(
            f"what answers at {endpoint} cannot read traces back: {why}.\n"
            "The read API is served by unspan-collector: name its HOST:PORT with --endpoint or UNSPAN_ENDPOINT."
        )


class NotThere(InverterError):
    """The trace is not where it was looked for."""

    def __init__(self, trace_id: str, where: str) -> None:
        super().__init__(
            f"trace {short(trace_id)} is not in the collector at {where}.\n"
            "It may not have arrived yet (spans are sent every second), or was recorded elsewhere: --endpoint."
        )


class NothingYet(InverterError):
    """`latest` was asked of a collector without a complete request."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the collector at {where} holds no complete request yet.\n"
            "Make one to an application that runs under opentelemetry-instrument; `inverter doctor` says what is missing."
        )


class NotThatTrace(InverterError):
    """The id fits several traces, or the collector refuses it."""

    def __init__(self, trace_id: str, why: str) -> None:
        super().__init__(
            f"trace {short(trace_id)} cannot be fetched: {why}.\nGive more of its 32 hex digits: inverter traces --json shows them."
        )


class BadFile(InverterError):
    """A file given with --from cannot be used."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} cannot be read as a trace: {why}.\nIt should be OTLP/JSON, as `inverter export -o FILE` writes it.")


class NotInFile(InverterError):
    """A file given with --from holds another trace, or several."""

    def __init__(self, path: str, wanted: str, held: list[str]) -> None:
        listed = ", ".join(held[:5]) + (f" and {len(held) - 5} more" if len(held) > 5 else "")
        said = f"trace {short(wanted)} is not the one trace of its kind" if wanted else "a trace id is needed"
        super().__init__(f"{said} in {path}.\nIt holds: {listed or 'no request'}; choose with --trace-id.")


class WrongSetting(InverterError):
    """A setting has a value that it cannot have."""

    def __init__(self, name: str, where: str, why: str) -> None:
        super().__init__(f"the setting {name} of {where} {why}.")


class PluginFailed(InverterError):
    """A plugin cannot be used."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"the plugin {one_line(name, 80)} failed: {one_line(why)}.\nMend it, or take it out of [tool.unspan] or the environment."
        )


class NotWritten(InverterError):
    """The test could not be written to where it should go."""

    def __init__(self, path: str, why: str, remedy: str) -> None:
        super().__init__(f"{path} was not written: {why}.\n{remedy}")


class NotBuilt(InverterError):
    """Something that this version cannot do yet."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what} is not built yet.\n{instead}")


class NoRunner(InverterError):
    """The project's test runner was not found."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"{why}.\n{remedy}")


def short(trace_id: str) -> str:
    """A trace id as messages show it."""
    return one_line(trace_id if len(trace_id) <= 8 else f"{trace_id[:8]}…") or "without an id"
