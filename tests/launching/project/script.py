"""A plain script of the project."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
django.setup()

from mysite import telemetry  # noqa: E402
from shop import acts  # noqa: E402

telemetry.install("entry")
for name in sys.argv[1:]:
    getattr(acts, name)()
