"""Runs a `manage.py` with an observer that shares nothing with the recorder: SQL as SQLite itself reports it, and mail as it is handed over.

    python observed.py manage.py runserver …          the log goes to the file that TRIAL_LOG names, one JSON document a line

`random` is seeded when a request begins, so that runs are alike, and nobody but the application draws from it unnoticed.
Runs in the application's environment: standard library and Django only.
"""

import json
import os
import random
import runpy
import sys
import threading


def main() -> None:
    sys.argv[:] = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    if log := os.environ.get("TRIAL_LOG"):
        observe(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    runpy.run_path(sys.argv[0], run_name="__main__")


def observe(log: int) -> None:
    from django.core.mail.message import EmailMessage
    from django.core.signals import request_started
    from django.db.backends.signals import connection_created

    lock = threading.Lock()

    def write(**line: object) -> None:
        with lock:
            os.write(log, json.dumps(line, default=str).encode() + b"\n")

    def created(connection: object, **_: object) -> None:
        alias = connection.alias
        if connection.vendor == "sqlite":
            connection.connection.set_trace_callback(lambda text: text.startswith("/* unspan */") or write(db=alias, sql=text))
            return

        def passed(execute, sql, params, many, context):
            write(db=alias, sql=str(sql))
            return execute(sql, params, many, context)

        if not any(one.__name__ == "passed" for one in connection.execute_wrappers):
            connection.execute_wrappers.append(passed)

    connection_created.connect(created, weak=False)
    request_started.connect(lambda **_: random.seed(0), weak=False)
    send = EmailMessage.send

    def sending(self, *args, **kwargs):
        write(mail=[self.subject, self.body, self.from_email, list(self.to), list(self.cc), list(self.bcc)])
        return send(self, *args, **kwargs)

    EmailMessage.send = sending


if __name__ == "__main__":
    main()
