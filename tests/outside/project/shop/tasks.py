"""What is done later: by Celery, and by Django's own tasks."""

from celery import Celery
from django_tasks import task

app = Celery("shop", broker="memory://", set_as_current=False)


@app.task
def remind(line_id):
    raise NotImplementedError


@app.task(bind=True)
def count(self, of, by="day"):
    raise NotImplementedError


@task()
def tidy(line_id, deep=False):
    raise NotImplementedError
