"""A stock project with an application whose every unit of work comes to the same two functions, and what runs its programs."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from django import VERSION

from ..serving import WRAPPER, environment, run
from ..sink import Sink

SITE = Path(__file__).parent / "site"


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yard")
    run(["-m", "django", "startproject", "mysite", str(folder)], folder)
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    shutil.move(folder / "urls.py", folder / "mysite" / "urls.py")
    shutil.move(folder / "celery_app.py", folder / "mysite" / "celery.py")
    (folder / "mysite" / "__init__.py").write_text("from .celery import app as celery_app\n")
    for name in ("units", "functions"):  # named so that the run that these lines belong to does not take them for its own
        shutil.move(folder / f"suite_{name}.py", folder / f"test_{name}.py")
    settings = folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text().replace("INSTALLED_APPS = [", "INSTALLED_APPS = [\n    'yard',") + MORE_SETTINGS)
    (folder / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\naddopts = -p no:cacheprovider\n")
    run(["manage.py", "makemigrations", "yard", "-v0"], folder)
    run(["manage.py", "migrate", "-v0"], folder)
    return folder


FRAMEWORK = "django.tasks" if VERSION >= (6,) else "django_tasks"
MORE_SETTINGS = f"""
INSTALLED_APPS += {["django_tasks_db"] if VERSION >= (6,) else ["django_tasks", "django_tasks_db"]}
TASKS = {{
    "default": {{"BACKEND": "{FRAMEWORK}.backends.immediate.ImmediateBackend"}},
    "dummy": {{"BACKEND": "{FRAMEWORK}.backends.dummy.DummyBackend"}},
    "database": {{"BACKEND": "django_tasks_db.DatabaseBackend"}},
}}
DATABASES["default"]["OPTIONS"] = {{"timeout": 30}}
ALLOWED_HOSTS = ["*"]
"""


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def wrapped(yard: Path, sink: Sink) -> Run:
    """Runs a program of the project under the wrapper, to its end."""

    def program(*command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Done:
        words = [WRAPPER, sys.executable, *command]
        given = environment({"UNSPAN_ENDPOINT": sink.address, **(env or {})})
        done = subprocess.run(words, cwd=cwd or yard, env=given, capture_output=True, text=True, timeout=120)
        return Done(done.returncode, done.stdout, done.stderr)

    return program
