"""The rows that every view begins with."""

from datetime import date, datetime, timezone
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange, NumericRange

from .models import Shelf


def made():
    day, next_day = (datetime(2024, 2, n, 8, 30, tzinfo=timezone.utc) for n in (3, 4))
    Shelf.objects.create(
        name="full", tags=["red", "it's \"b\""], grid=[[1, 2], [3, 4]], days=[date(2024, 2, 3)], span=NumericRange(1, 5), weight=NumericRange(Decimal("1.5"), None, "(]"),
        lent=DateRange(date(2024, 2, 3), date(2024, 3, 1)), open=DateTimeTZRange(day, next_day), facts={"colour": "red", "none": None}, data={"a": [1, {"b": None}]},
    )  # fmt: skip
    Shelf.objects.create(name="empty", span=NumericRange(empty=True))
