"""A project with two queues: Celery's, and that of Django's own tasks in the database."""

from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parent.parent
FRAMEWORK = "django.tasks" if django.VERSION >= (6,) else "django_tasks"
SECRET_KEY = "of the tests"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    *(["django_tasks"] if FRAMEWORK == "django_tasks" else []),
    "django_tasks_db",
    "depot",
]
ROOT_URLCONF = "mysite.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3", "OPTIONS": {"timeout": 30}}}
USE_TZ = True
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
