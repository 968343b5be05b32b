from django.db import models


class Book(models.Model):
    title = models.CharField(max_length=100)
    shelf = models.IntegerField()
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.IntegerField(default=0)
    added = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title
