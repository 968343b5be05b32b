"""Runs every program of the project once on its own rows, as a server would, and prints what happened: `python record.py ADDRESSES-FILE OUT`.

Under `opentelemetry-instrument` each request is a trace of the id that it was given.
"""

import html
import json
import os
import re
import sys
import time
from importlib import import_module
from pathlib import Path

import asking

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")


def emptied(lab, base):
    """Takes all rows of an application away; automatic keys go on from `base`, a wide range for each table."""
    from django.apps import apps
    from django.core.management.color import no_style
    from django.db import connection
    from django.db.models import AutoField

    models = [one for one in apps.get_app_config(lab).get_models(include_auto_created=True) if not one._meta.proxy]
    flush = connection.ops.sql_flush(no_style(), [one._meta.db_table for one in models], reset_sequences=False, allow_cascade=False)
    connection.ops.execute_sql_flush(flush)
    ranges = {}
    with connection.cursor() as cursor:
        for number, model in enumerate(models, 1):
            start = number * 100_000 + base
            if not isinstance(model._meta.pk, AutoField):
                continue
            ranges[model.__name__] = number
            table, column = model._meta.db_table, model._meta.pk.column
            if connection.vendor == "postgresql":
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), {start})")
            elif connection.vendor == "mysql":
                cursor.execute(f"ALTER TABLE `{table}` AUTO_INCREMENT = {start}")
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, start])
    return ranges


def main():
    asking.patient()
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    import journal
    import watching

    done = []
    for lab, name, trace_id in json.loads(Path(sys.argv[1]).read_text()):
        module = import_module(f"{lab}.rows")
        ranges = emptied(lab, 1000)
        one = {"lab": lab, "name": name, "ranges": ranges}
        done.append(one)
        try:
            query = getattr(module, name)()
        except Exception as error:
            one["invalid"] = f"rows: {type(error).__name__}: {error}"
            continue
        journal.TAKEN.clear()
        one["before"], one["began"] = watching.tables(lab), time.time()
        status, body = asking.asked(application, f"/{lab}/{name}/", trace_id, query)
        one |= {"ended": time.time(), "after": watching.tables(lab), "read": [notes for taken in journal.TAKEN for notes in taken]}
        if status != 200:
            title = re.search(r"<title>\s*(\w+)", page := body.decode(errors="replace"))
            value = re.search(r'exception_value">([^<]*)', page)
            one["invalid"] = f"{title[1] if title else status}: {html.unescape(value[1]) if value else ''}"
    Path(sys.argv[2]).write_text(json.dumps(done))


main()
