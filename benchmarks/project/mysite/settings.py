"""The benchmark's project: what `startproject` makes, less the admin."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "benchmark"
DEBUG = True  # the peer records nothing without
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "shop"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TOOL = {"spans": "mysite.spans.middleware", "kolo": "kolo.middleware.KoloMiddleware"}.get(os.environ.get("BENCHMARK_TOOL", ""))
MIDDLEWARE[:0] = [TOOL] if TOOL else []
ROOT_URLCONF = "mysite.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("BENCHMARK_DATABASE", BASE_DIR / "db.sqlite3")}}
if "BENCHMARK_AWAY" in os.environ:
    DATABASES["away"] = {
        "ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres", "HOST": "127.0.0.1",
        "PORT": os.environ["BENCHMARK_AWAY"], "CONN_MAX_AGE": None,
    }  # fmt: skip
WSGI_APPLICATION = "mysite.timed.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
