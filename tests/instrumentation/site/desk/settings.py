"""The stock settings, with middleware that answers, fails and replaces, and limits that a test can reach."""

from mysite.settings import *  # noqa: F403
from mysite.settings import INSTALLED_APPS, MIDDLEWARE

DEBUG = False
ALLOWED_HOSTS = ["shop.example"]
INSTALLED_APPS = [*INSTALLED_APPS, "desk.apps.DeskConfig"]
ROOT_URLCONF = "desk.urls"
USE_I18N = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 50_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 30_000
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
MIDDLEWARE = [
    "desk.middleware.renamed_host",
    *MIDDLEWARE,
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "desk.middleware.Zone",
    "desk.middleware.closed",
    "desk.middleware.Guard",
    "desk.middleware.Failing",
    "desk.middleware.Loading",
    "desk.middleware.Replacing",
]
