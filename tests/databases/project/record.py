"""Asks every path once, each on the same rows, as a server would: `python record.py` prints path → [status, trace id]."""

import io
import json
import os
import sys
from importlib import import_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")


def emptied(apps):
    from django.core.management.color import no_style
    from django.db import connections

    for alias in connections:
        models = [model for app in apps for model in app.get_models(include_auto_created=True)]
        tables = {model._meta.db_table for model in models} & set(connections[alias].introspection.table_names())
        flush = connections[alias].ops.sql_flush(no_style(), sorted(tables), reset_sequences=True, allow_cascade=False)
        connections[alias].ops.execute_sql_flush(flush)


def asked(application, path, trace_id):
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "HTTP_HOST": "testserver", "REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        "HTTP_TRACEPARENT": f"00-{trace_id}-{trace_id[:16]}-01",
    }  # fmt: skip
    said = []
    answer = application(environ, lambda status, headers, *more: said.append(status))
    body = b"".join(answer)
    answer.close()
    return int(said[0][:3]), body.decode()


def patient():
    """Lets the recorder spend what it needs on rows behind statements: how busy this machine is must not decide what a trace holds."""
    from unspan_instrumentation.lineage import fetching, images

    images.MOST_SECONDS, fetching.MILLISECONDS = 60.0, 10_000
    fetching.READING = f"SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = {fetching.MILLISECONDS}"


def main():
    patient()
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    from django.apps import apps
    from django.urls import get_resolver

    own = [app for app in apps.get_app_configs() if app.name in ("shelf", "pgshelf")]
    done = {}
    for number, route in enumerate(get_resolver().url_patterns):
        emptied(own)
        for app in own:
            import_module(f"{app.name}.rows").made()
        path, trace_id = f"/{route.pattern}", f"{'5' * 24}{number:08x}"
        done[path] = [*asked(application, path, trace_id), trace_id]
    print(json.dumps(done))


main()
