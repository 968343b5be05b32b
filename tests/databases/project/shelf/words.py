"""A field as libraries have them: the column holds a text, the application an object of several languages."""

import json

from django.db import models


class Words:
    """Texts by language. It is equal to nothing but itself."""

    def __init__(self, data):
        self.data = json.loads(data) if isinstance(data, str) else dict(data)

    def __str__(self):
        return self.data.get("en", "")


class WordsField(models.TextField):
    def from_db_value(self, value, expression, connection):
        return None if value is None else Words(value)

    def to_python(self, value):
        return value if value is None or isinstance(value, Words) else Words(value)

    def get_prep_value(self, value):
        return json.dumps(value.data, sort_keys=True) if isinstance(value, Words) else value

    def get_prep_lookup(self, lookup_type, value):
        raise TypeError("no look-ups")
