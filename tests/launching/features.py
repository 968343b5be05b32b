"""The table's features: of requests, and of whatever any unit of work may do."""

from .acts import ACTS
from .exchanges import EXCHANGES
from .feature import Feature
from .forms import Form, Work

FEATURES = (*EXCHANGES, *ACTS)


def everything(form: Form | Work) -> tuple[Feature, ...]:
    """What can be shown in this way."""
    return ACTS if isinstance(form, Work) else FEATURES
