import secrets

from django.conf import settings
from django.db import models


def new_key():
    return secrets.token_hex(16)


class Product(models.Model):
    name = models.CharField(max_length=50)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.IntegerField(default=10)


class Order(models.Model):
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    paid = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.CASCADE)
    quantity = models.IntegerField(default=1)


class Token(models.Model):
    key = models.CharField(max_length=64, unique=True, default=new_key)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
