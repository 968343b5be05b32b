"""Under which name a request holds its exchange while it is recorded."""

from typing import Final

KEY: Final = "_unspan_exchange"
