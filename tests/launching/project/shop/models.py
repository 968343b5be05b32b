from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)


class Book(models.Model):
    author = models.ForeignKey(Author, models.PROTECT)
    title = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=8, decimal_places=2)


class Note(models.Model):
    text = models.CharField(max_length=200)
    written = models.DateTimeField(auto_now_add=True)
