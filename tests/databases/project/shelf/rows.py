"""The rows that every view begins with."""

import uuid
from datetime import datetime, timezone

import django
from django.contrib.contenttypes.models import ContentType

from . import models
from .words import Words

WHEN = datetime(2024, 2, 3, 4, 5, 6, 789012, tzinfo=timezone.utc)
PARCEL = uuid.UUID("11111111-1111-4111-8111-111111111111")


def made():
    ann, bob = models.Author.objects.create(name="Ann"), models.Author.objects.create(name="Bob")
    emma = models.Book.objects.create(title="Emma", author=ann, pages=7, printed=WHEN)
    models.Book.objects.create(title="Ivanhoe", author=bob, pages=9)
    old = models.Author.objects.using("archive").create(name="Old Ann")
    models.Book.objects.using("archive").create(title="Old Emma", author=old, pages=3)
    models.Letter.objects.create(text="Dear Ann")
    outer = models.Parcel.objects.create(id=PARCEL, label="outer")
    models.Parcel.objects.create(label="inner", inside=outer)
    models.Note.objects.create(text="of a book", kind=ContentType.objects.get_for_model(models.Book), number=str(emma.pk))
    models.Note.objects.create(text="of a parcel", kind=ContentType.objects.get_for_model(models.Parcel), number=str(outer.pk))
    models.Sign.objects.create(place="door", words=Words({"en": "Pull", "de": "Ziehen"}))
    models.Sign.objects.create(place="lift", words=Words({"en": "Push"}), small=Words({"en": "to go up"}))
    if django.VERSION >= (5, 2):
        for bill, place, what in ((1, 1, "tea"), (1, 2, "milk"), (2, 1, "jam")):
            models.Line.objects.create(bill=bill, place=place, what=what, price="1.50")
