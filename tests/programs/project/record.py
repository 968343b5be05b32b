"""Runs every program of the project once on its own rows, as a server would, and prints what happened: `python record.py ADDRESSES-FILE OUT`.

Under `opentelemetry-instrument` each request is a trace of the id that it was given.
"""

import html
import io
import json
import os
import re
import sys
import time
from importlib import import_module
from pathlib import Path

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


def asked(application, path, query, trace_id):
    """The status of the answer to a GET."""
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": query, "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "HTTP_HOST": "testserver", "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        "HTTP_TRACEPARENT": f"00-{trace_id}-{trace_id[:16]}-01",
    }  # fmt: skip
    said = []
    answer = application(environ, lambda status, headers, *more: said.append(status))
    body = b"".join(answer)
    answer.close()
    return int(said[0][:3]), body


def patient():
    """Lets the recorder spend what it needs on rows behind statements: how busy this machine is must not decide what a trace holds."""
    from unspan_instrumentation.lineage import fetching, images

    images.MOST_SECONDS, fetching.MILLISECONDS = 60.0, 10_000
    fetching.READING = f"SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = {fetching.MILLISECONDS}"


def main():
    patient()
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
        status, body = asked(application, f"/{lab}/{name}/", query, trace_id)
        one |= {"ended": time.time(), "after": watching.tables(lab), "read": [notes for taken in journal.TAKEN for notes in taken]}
        if status != 200:
            title = re.search(r"<title>\s*(\w+)", page := body.decode(errors="replace"))
            value = re.search(r'exception_value">([^<]*)', page)
            one["invalid"] = f"{title[1] if title else status}: {html.unescape(value[1]) if value else ''}"
    Path(sys.argv[2]).write_text(json.dumps(done))


main()
