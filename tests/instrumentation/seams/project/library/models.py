"""Models of many kinds: relations, inheritance, keys and values of every sort."""

import uuid
from decimal import Decimal

from django.db import models
from django.utils import timezone


class Author(models.Model):
    name = models.CharField(max_length=40)

    class Meta:
        ordering = ["name"]


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True)


class Book(models.Model):
    title = models.CharField(max_length=40)
    author = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="books")
    sequel_of = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="sequels")
    price = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal("1"))
    pages = models.IntegerField(default=0)
    tags = models.ManyToManyField(Tag, related_name="books")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["title", "author"], name="one_title"),
            models.CheckConstraint(
                name="positive",
                **({"condition": models.Q(pages__gte=0)} if __import__("django").VERSION >= (5, 1) else {"check": models.Q(pages__gte=0)}),
            ),
        ]


class PaperBook(Book):
    class Meta:
        proxy = True


class Copy(models.Model):
    """Every value that a database driver hands out otherwise than Django does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    bought = models.DateTimeField(default=timezone.now)
    due = models.DateField(null=True)
    at = models.TimeField(null=True)
    loan = models.DurationField(null=True)
    value = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    notes = models.JSONField(default=dict)
    is_lent = models.BooleanField(default=False)
    scan = models.BinaryField(default=b"")
    file = models.FileField(upload_to="copies", default="")
    updated = models.DateTimeField(auto_now=True)


class Place(models.Model):
    name = models.CharField(max_length=40)


class Shop(Place):
    sells = models.CharField(max_length=40)
