"""Messages as files, of which a reader finds all or nothing: kombu writes where the worker looks."""

import tempfile
from pathlib import Path

from kombu.transport import filesystem


def options(folder):
    messages = folder / "messages"
    messages.mkdir(exist_ok=True)
    return {"data_folder_in": messages, "data_folder_out": messages, "control_folder": messages, "polling_interval": 0.01}


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **kwargs):
        folder = self.data_folder_in
        with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
            channel = filesystem.Channel.__new__(filesystem.Channel)
            channel.__dict__.update(self.__dict__, data_folder_out=aside)
            filesystem.Channel._put(channel, queue, payload, **kwargs)
            for message in Path(aside).iterdir():
                message.rename(folder / message.name)


class Transport(filesystem.Transport):
    Channel = Channel
