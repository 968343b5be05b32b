"""Run as a program: describes the project of these settings in a process of its own and prints what was sent, as JSON."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"

import django  # noqa: E402
from django.conf import settings  # noqa: E402
from unspan_instrumentation import describing  # noqa: E402
from unspan_proto import vocabulary as v  # noqa: E402
from unspan_proto.values import encode  # noqa: E402

sent = []
before = describing.reference(sent.append)
django.setup()
import library.following  # noqa: E402, F401

if "broken" in sys.argv:
    settings.ROOT_URLCONF = "shop.missing"
found = [describing.reference(sent.append) for _ in range(3)]
settings.ROOT_URLCONF = "shop.urls"
found.append(describing.reference(sent.append))
print(json.dumps({
    "before": before, "references": found, "traces": [f"{record.trace_id:032x}" for record in sent],
    "text": encode(sent[0].attributes[v.DESCRIPTION]) if sent else None, "kinds": [record.kind for record in sent],
}))  # fmt: skip
