"""Columns that only PostgreSQL has."""

from django.contrib.postgres import fields
from django.db import models


class Shelf(models.Model):
    name = models.CharField(max_length=40)
    tags = fields.ArrayField(models.CharField(max_length=20), default=list)
    grid = fields.ArrayField(fields.ArrayField(models.IntegerField()), null=True)
    days = fields.ArrayField(models.DateField(), null=True)
    span = fields.IntegerRangeField(null=True)
    weight = fields.DecimalRangeField(null=True)
    lent = fields.DateRangeField(null=True)
    open = fields.DateTimeRangeField(null=True)
    facts = fields.HStoreField(default=dict)
    data = models.JSONField(default=dict)
