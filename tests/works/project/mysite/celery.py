"""The Celery application. Messages are files in a folder."""

import os
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
folder = Path(__file__).parent.parent / "messages"
folder.mkdir(exist_ok=True)
app = Celery("mysite", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": folder,
    "data_folder_out": folder,
    "control_folder": folder,
    "polling_interval": 0.05,
}
app.autodiscover_tasks()
