from django.apps import AppConfig
from django.core.signals import request_finished


class DeskConfig(AppConfig):
    name = "desk"

    def ready(self):
        request_finished.connect(count_books, dispatch_uid="desk")


def count_books(sender, **kwargs):
    from desk import views

    if views.counting.pop("finished", False):
        from shop.models import Book

        Book.objects.count()
