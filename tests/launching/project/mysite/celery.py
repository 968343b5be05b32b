"""The Celery application, as its manual has it. Messages are files in a folder."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
folder = Path(os.environ["SHOP_FOLDER"], "messages")
folder.mkdir(exist_ok=True)
app = Celery("mysite", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": folder,
    "data_folder_out": folder,
    "control_folder": folder,
    "polling_interval": 0.02,
}
app.conf.task_ignore_result = True
app.autodiscover_tasks()


@worker_process_init.connect
def set_up(**kwargs):
    from mysite import telemetry

    telemetry.install("entry")


@worker_init.connect
def set_up_here(sender=None, **kwargs):
    """A worker of threads has no processes."""
    if "prefork" not in str(getattr(sender, "pool_cls", "")):
        set_up()
