"""What can be wrong with recorded data, each with its sentence."""

from unspan_proto import FORMAT


class ContractError(Exception):
    """Recorded data that does not keep the contract; `str()` is one sentence for a person."""


class NotEncoded(ContractError):
    """A text that is no encoded value."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this is not a value in the trace format: {why}")


class NewerFormat(ContractError):
    """A trace written by a later unspan."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"this trace has format {found}, this unspan reads formats up to {known}: install a newer unspan to read it")


def check_format(found: object) -> None:
    """Raises NewerFormat for a format later than ours, NotEncoded for what is no format number."""
    if type(found) is not int or found < 1:
        raise NotEncoded("its format is not a number from 1")
    if found > FORMAT:
        raise NewerFormat(found, FORMAT)
