"""What can be wrong at start-up, each with its sentence. After start-up nothing of ours raises."""


class SettingError(Exception):
    """A setting with a value that it cannot have; `str()` is one sentence for a person."""

    def __init__(self, name: str, value: str, wanted: str) -> None:
        super().__init__(f"{name}={value[:80]!r} is not {wanted}; nothing is recorded until it is corrected or removed")
