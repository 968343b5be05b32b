"""The table's features: of requests, and of whatever any unit of work may do."""

from .acts import ACTS
from .exchanges import EXCHANGES

FEATURES = (*EXCHANGES, *ACTS)
