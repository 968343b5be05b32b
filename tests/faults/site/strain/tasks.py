import os
from pathlib import Path

from celery import shared_task
from django.test import RequestFactory
from django.urls import resolve
from mysite.celery import app  # noqa: F401 - the application that shared tasks belong to


@shared_task
def answer(number, method, path, body):
    """What a view says to a request; in a file."""
    request = RequestFactory().generic(method, path, body or "")
    response = resolve(request.path)[0](request)
    folder = Path(os.environ["STRAIN_FOLDER"])
    written = folder / f"{number}.writing"
    written.write_bytes(b"%d %b" % (response.status_code, response.content))
    written.rename(folder / f"{number}.answer")
