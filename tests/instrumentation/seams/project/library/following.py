"""What an application does after each `migrate`."""

from typing import Any

from django.db.models.signals import post_migrate
from django.dispatch import receiver

from library.models import Tag


@receiver(post_migrate)
def first_tags(**kwargs: Any) -> None:
    Tag.objects.get_or_create(name="new")
