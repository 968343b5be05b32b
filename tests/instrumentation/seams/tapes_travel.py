"""Run as a program: what the clock says while a library holds it. Arguments: the library; `first` imports it before recording begins; `recorded`."""

import sys

LIBRARY = sys.argv[1]
if "first" in sys.argv:
    __import__(LIBRARY)
if "recorded" in sys.argv:
    from unspan_instrumentation import recording, seams

    seams.install()
    recording.begin(recording.Recording(1, 2, lambda record: True))

import datetime as dt  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
import uuid  # noqa: E402
from datetime import date, datetime  # noqa: E402
from time import localtime, strftime  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "project"))
os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
import django  # noqa: E402

django.setup()
from django.utils import timezone  # noqa: E402
from unspan_proto.values import encode  # noqa: E402

kept = {
    "datetime.now": datetime.now,
    "date.today": date.today,
    "time.time": time.time,
    "datetime.utcnow": datetime.utcnow,
    "timezone.now": timezone.now,
}
AT = dt.datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC)


def said():
    return {
        "now": str(datetime.now()), "now with a zone": str(datetime.now(dt.UTC)), "utcnow": str(datetime.utcnow()), "today": str(date.today()),
        "datetime.today": str(datetime.today()), "time": time.time(), "time_ns": time.time_ns(), "localtime": list(localtime()), "gmtime": list(time.gmtime()),
        "strftime": strftime("%Y-%m-%d %H:%M:%S"), "timezone.now": str(timezone.now()), "localdate": str(timezone.localdate()),
        "uuid1": type(uuid.uuid1()).__name__, "by module": str(dt.datetime.now()),
    }  # fmt: skip


def context():
    if LIBRARY == "time_machine":
        import time_machine

        return time_machine.travel(AT, tick=False)
    import freezegun

    return freezegun.freeze_time(AT)


found = []
for _ in range(2):
    with context():
        held = {name: str(function()) for name, function in kept.items()} if LIBRARY == "time_machine" else {}
        found.append([said(), held])
    found.append([datetime.now().year > 2020, date.today().year > 2020, time.time() > AT.timestamp() + 1e6, localtime().tm_year > 2020])
print(encode(found))
