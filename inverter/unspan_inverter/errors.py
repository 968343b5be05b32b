"""Why no test could be made, each with its sentence: what, about which thing, what to do now."""


class InverterError(Exception):
    """Something a person can act on; `str()` is the text for stderr, further lines tell what to do. `code` is the exit code."""

    code = 1


class Unreadable(InverterError):
    """The trace's data does not keep the contract."""

    def __init__(self, trace_id: str, why: str) -> None:
        super().__init__(f"trace {trace_id[:8]}… cannot be read: {why}.\nRecord it again, or look at it with: inverter show --trace-id {trace_id[:12]}")


class NoRequest(InverterError):
    """The trace holds no request to make again."""

    def __init__(self, trace_id: str) -> None:
        super().__init__(
            f"trace {trace_id[:8]}… holds no Django request.\n"
            "A test of level integration needs one: was the application started under opentelemetry-instrument with unspan installed?"
        )


class Incomplete(InverterError):
    """Parts of the trace are missing."""

    def __init__(self, trace_id: str, gaps: list[str]) -> None:
        listed = "; ".join(gaps[:3]) + (f"; and {len(gaps) - 3} more" if len(gaps) > 3 else "")
        super().__init__(f"trace {trace_id[:8]}… is not complete: {listed}.\nRecord it again, or accept a weaker test with --allow-gaps.")
