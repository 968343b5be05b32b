"""The trials' folder on the path, as when one of its programs runs, and the example installed as an application."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "trials"))


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that describes the example; it is installed, with a database as its list of requests expects it, where UNSPAN_APPS says."""
    homes = tmp_path_factory.mktemp("apps")
    app = homes / "todo" / "app"
    shutil.copytree(CHECKOUT / "examples" / "todo", app, ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3"))
    (homes / "todo" / "venv").symlink_to(sys.prefix)
    for words in (["migrate", "-v0"], ["loaddata", "-v0", "article"]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=app, check=True, capture_output=True)
    (app / "db.sqlite3").rename(app / "db.sqlite3.seed")
    shutil.copy(app / "db.sqlite3.seed", app / "db.sqlite3")
    os.environ["UNSPAN_APPS"] = str(homes)
    return Path(__file__).parent / "todo"
