"""Run as a program: every seam installed before Django is imported, then what the project asked and what was recorded, as codec text."""

import copy
import io
import pickle
import sys
from pathlib import Path

from unspan_instrumentation import recording, seams

seams.install()

import random  # noqa: E402
import time  # noqa: E402
import uuid  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent / "project"))

import os  # noqa: E402

os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
import django  # noqa: E402

django.setup()
import asking  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.migrations.serializer import serializer_factory  # noqa: E402
from django.utils import timezone  # noqa: E402
from unspan_proto import vocabulary as v  # noqa: E402
from unspan_proto.values import encode  # noqa: E402

records = []
one = recording.Recording(1, 2, lambda record: records.append(record) or True)


def recorded(function, *arguments):
    """What the function returned, and the tapes it left as source, value, asker's name, file and line."""
    records.clear()
    token = recording.begin(one)
    try:
        value = function(*arguments)
    finally:
        recording.finish(token)
    names = (v.SOURCE, v.VALUE, v.FUNCTION, v.FILE)
    return [value, [[record.attributes[name] for name in names] for record in records if record.kind == v.TAPE]]


out = io.StringIO()
call_command("makemigrations", "library", dry_run=True, verbosity=3, stdout=out)
functions = (random.choice, time.time, uuid.uuid4, timezone.now)
print(encode({
    "asked": {source: recorded(asking.ask, source) for source in asking.ASKED},
    "early": recorded(asking.early),
    "attributes": recorded(asking.attributes),
    "quiet": [asking.ask("random.random") is not None, len(records)],
    "serialised": [list(serializer_factory(one).serialize()) for one in (uuid.uuid4, timezone.now)],
    "migration": [text for text in ("default=uuid.uuid4", "default=django.utils.timezone.now") if text in out.getvalue()],
    "pickled": [pickle.loads(pickle.dumps(one)) is one for one in functions],
    "copied": [copy.deepcopy(one) is one for one in functions],
    "names": [[one.__module__, one.__qualname__, one.__name__] for one in functions],
    "internal": recorded(lambda: timezone.localdate() and None)[1],
    "lost": one.lost,
}))  # fmt: skip
