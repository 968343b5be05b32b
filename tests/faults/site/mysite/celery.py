"""The Celery application. Messages are files in a folder."""

import os
from pathlib import Path

from celery import Celery

from mysite.messages import options

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
app = Celery("mysite", broker="filesystem://")
app.conf.broker_transport = "mysite.messages:Transport"
app.conf.broker_transport_options = options(Path(os.environ["STRAIN_FOLDER"]))
app.conf.task_ignore_result = True
app.autodiscover_tasks()
