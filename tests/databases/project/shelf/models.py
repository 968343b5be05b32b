"""Keys of every kind, on every database."""

import uuid

import django
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from .words import WordsField


class Author(models.Model):
    name = models.CharField(max_length=40, unique=True)


class Book(models.Model):
    title = models.CharField(max_length=40)
    author = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="books")
    pages = models.IntegerField(default=0)
    printed = models.DateTimeField(null=True)


class Letter(models.Model):
    """The router keeps them in the archive."""

    text = models.CharField(max_length=40)


class Parcel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    inside = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    label = models.CharField(max_length=40)


class Sign(models.Model):
    place = models.CharField(max_length=40)
    words = WordsField()
    small = WordsField(null=True)


class Note(models.Model):
    text = models.CharField(max_length=40)
    kind = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    number = models.CharField(max_length=40)
    about = GenericForeignKey("kind", "number")


if django.VERSION >= (5, 2):

    class Line(models.Model):
        pk = models.CompositePrimaryKey("bill", "place")
        bill = models.IntegerField()
        place = models.IntegerField()
        what = models.CharField(max_length=40)
        price = models.DecimalField(max_digits=8, decimal_places=2)
