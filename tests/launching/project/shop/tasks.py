"""Tasks of Celery's."""

from celery import shared_task
from mysite.celery import app  # noqa: F401 - the application that shared tasks belong to

from shop import acts


@shared_task
def act(name):
    getattr(acts, name)()


@shared_task
def doubled(number):
    return acts.double(number)
