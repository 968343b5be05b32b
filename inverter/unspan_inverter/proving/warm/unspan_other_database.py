"""The project's settings on databases of another kind, for one run of a test. Needs Django and the standard library only.

UNSPAN_SETTINGS names the project's own settings, UNSPAN_ENGINE the backend; where PostgreSQL is, libpq's variables say (PGHOST, PGUSER, …).
"""

import importlib
import os

own = importlib.import_module(os.environ["UNSPAN_SETTINGS"])
globals().update({name: getattr(own, name) for name in dir(own) if name.isupper()})
engine = os.environ["UNSPAN_ENGINE"]
KEPT = ("ATOMIC_REQUESTS", "AUTOCOMMIT", "TIME_ZONE")


def moved(alias, one):  # type: ignore[no-untyped-def]
    name = ":memory:" if engine.endswith("sqlite3") else os.environ.get("PGDATABASE", "postgres")
    tests = {key: value for key, value in one.get("TEST", {}).items() if key in ("DEPENDENCIES", "MIRROR", "MIGRATE")}
    kept = {key: one[key] for key in KEPT if key in one}
    return {"ENGINE": engine, "NAME": name, **kept, "TEST": {**tests, **({} if name == ":memory:" else {"NAME": f"test_unspan_{alias}"})}}


DATABASES = {alias: moved(alias, one) for alias, one in own.DATABASES.items()}
