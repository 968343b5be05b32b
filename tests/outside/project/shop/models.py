"""Columns whose defaults are the clock and chance."""

import datetime as dt
import secrets
import uuid
from datetime import date
from functools import partial

from django.db import models
from django.utils import timezone
from django.utils.crypto import get_random_string


def make_code():
    return "C-" + secrets.token_hex(4)


def in_a_week():
    return timezone.now() + dt.timedelta(days=7)


class Coupon(models.Model):
    code = models.CharField(max_length=40, default=make_code)
    key = models.UUIDField(default=uuid.uuid4)
    pin = models.CharField(max_length=12, default=partial(get_random_string, 12))
    day = models.DateField(default=date.today)
    expires = models.DateTimeField(default=in_a_week)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.code

    @property
    def expired(self):
        return self.expires < timezone.now()


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40)
    slug = models.CharField(max_length=60, blank=True)
    placed = models.DateTimeField(default=timezone.now)
    due = models.DateField(null=True)


class Line(models.Model):
    text = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)


class Prize(models.Model):
    name = models.CharField(max_length=40)
    weight = models.IntegerField(default=1)
    tickets = models.IntegerField(default=0)
