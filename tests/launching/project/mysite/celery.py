"""The Celery application, as its manual has it. Messages are files in a folder."""

import os
import tempfile
from pathlib import Path

from celery import Celery
from celery.signals import worker_init, worker_process_init
from kombu.transport import filesystem

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
folder = Path(os.environ["SHOP_FOLDER"], "messages")
folder.mkdir(exist_ok=True)


class Channel(filesystem.Channel):
    """Kombu's writes where the worker looks, who may find the half of a message; here it finds all or nothing."""

    def _put(self, queue, payload, **kwargs):
        with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
            self.__dict__["data_folder_out"] = aside
            super()._put(queue, payload, **kwargs)
            for message in Path(aside).iterdir():
                message.rename(folder / message.name)


class Transport(filesystem.Transport):
    Channel = Channel


app = Celery("mysite", broker="filesystem://")
app.conf.broker_transport = "mysite.celery:Transport"
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
