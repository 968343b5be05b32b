from django.conf import settings
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=50)
    stock = models.IntegerField(default=10)


class Order(models.Model):
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    product = models.ForeignKey(Product, models.CASCADE)
    gifts = models.ManyToManyField(Product, related_name="given_with")
    note = models.CharField(max_length=50, blank=True)
