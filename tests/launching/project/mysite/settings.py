"""A plain project; its database is chosen by the environment, as deployments do."""

import os
import re
from pathlib import Path

from mysite import telemetry

telemetry.install("settings")

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "a key for tests"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "shop",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
try:
    import django.tasks  # noqa: F401

    FRAMEWORK = "django.tasks"
except ImportError:
    FRAMEWORK = "django_tasks"
    INSTALLED_APPS.append(FRAMEWORK)
TASKS = {"default": {"BACKEND": f"{FRAMEWORK}.backends.immediate.ImmediateBackend"}}
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
DISALLOWED_USER_AGENTS = [re.compile("^greedy")]
ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
ASGI_APPLICATION = "mysite.asgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ENGINE = os.environ.get("SHOP_ENGINE", "sqlite3")
if ENGINE == "mysql":
    import pymysql

    pymysql.install_as_MySQLdb()
DATABASES = {
    "default": {
        "ENGINE": f"django.db.backends.{ENGINE}",
        "NAME": os.environ.get("SHOP_NAME", BASE_DIR / "db.sqlite3"),
        "HOST": "127.0.0.1",
        "PORT": os.environ.get("SHOP_PORT", ""),
        "USER": os.environ.get("SHOP_USER", ""),
        "PASSWORD": os.environ.get("SHOP_PASSWORD", ""),
        "TEST": {"NAME": os.environ.get("SHOP_TEST_NAME"), "MIGRATE": False},
    }
}
MEDIA_ROOT = Path(os.environ.get("SHOP_FOLDER", BASE_DIR), "media")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "Europe/Vienna"
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
