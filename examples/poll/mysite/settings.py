"""A Slack application without pages: no sessions, no templates, no static files."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ.get("SECRET_KEY", "not a secret in development")
DEBUG = True
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = ["polls", "django.contrib.contenttypes", "django.contrib.auth"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "mysite.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True

SLACK_SIGNING_SECRET = os.environ.get("SLACK_SIGNING_SECRET", "the secret that Slack shows for an application")
