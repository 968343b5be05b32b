"""Asks every path once, each on the same rows, as a server would: `python record.py` prints path → [status, trace id]."""

import json
import os
from importlib import import_module

import asking

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")


def emptied(apps):
    from django.core.management.color import no_style
    from django.db import connections

    for alias in connections:
        models = [model for app in apps for model in app.get_models(include_auto_created=True)]
        tables = {model._meta.db_table for model in models} & set(connections[alias].introspection.table_names())
        flush = connections[alias].ops.sql_flush(no_style(), sorted(tables), reset_sequences=True, allow_cascade=False)
        connections[alias].ops.execute_sql_flush(flush)


def main():
    asking.patient()
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
        status, body = asking.asked(application, path, trace_id)
        done[path] = [status, body.decode(), trace_id]
    print(json.dumps(done))


main()
