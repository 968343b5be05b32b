"""What a program reads, as JSON that keeps types apart. Its calls are not recorded: it stands for the reader of the answer."""

import datetime
import decimal
import re
import uuid
from contextlib import contextmanager

from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from django.db import DatabaseError
from django.db.models import Model, QuerySet

TAKEN = []
"""The notes of all programs that ran in this process."""


class Notes:
    """The notes of one program; `answers`: which of them are its response, too: `everything`, the `contents` of rows without keys, or `nothing`."""

    def __init__(self, answers):
        self.answers, self.notes = answers, []
        TAKEN.append(self.notes)

    def __call__(self, value):
        self.notes.append(frozen(value))

    def unordered(self, values):
        """Rows in whatever order the database gave them; sorted by their contents first, as keys are others in a test."""
        self.notes.append(["unordered", sorted(map(frozen, values), key=lambda one: (sortable(keyless(one)), sortable(one)))])

    @contextmanager
    def attempt(self):
        try:
            yield
        except (DatabaseError, MultipleObjectsReturned, ObjectDoesNotExist) as error:
            self(type(error).__name__)

    def response(self):
        from django.http import HttpResponse, JsonResponse

        if self.answers == "nothing":
            return HttpResponse("done")
        return JsonResponse({"read": self.notes if self.answers == "everything" else keyless(self.notes)})


def keyless(value):
    """Without what may be a key: the numbers outside of rows, and in rows the columns of keys."""
    if isinstance(value, list) and value[:1] == ["row"]:
        return ["row", value[1], {name: item for name, item in value[2].items() if name != "id" and not name.endswith(("_id", "_ptr"))}]
    if isinstance(value, list):
        return [keyless(item) for item in value]
    if isinstance(value, dict):
        return {name: keyless(item) for name, item in value.items()}
    return "a number" if type(value) is int else value


def frozen(value):
    """A value as JSON: a row as its loaded columns, a list as a list, everything else with its type."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Model):
        return [
            "row",
            type(value).__name__,
            {name: frozen(item) for name, item in sorted(value.__dict__.items()) if name in attnames(type(value))},
        ]
    if isinstance(value, dict):
        return ["dict", {str(name): frozen(item) for name, item in value.items()}]
    if isinstance(value, (list, tuple, QuerySet)):
        return [frozen(item) for item in value]
    if isinstance(value, (bytes, memoryview)):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, datetime.datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)):
        return [type(value).__name__.lower(), str(value)]
    raise TypeError(type(value))


def sortable(value):
    """A text by which notes sort; numbers by their size, as keys have other numbers of digits in a test."""
    return re.sub(r"\d+", lambda found: found[0].zfill(20), repr(value))


def attnames(model):
    return {one.attname for one in model._meta.concrete_fields}
