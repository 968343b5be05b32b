"""Settings of the project that is described: with secrets that must not leave."""

from django.utils.translation import gettext_lazy

SECRET_KEY = "hush-key"
DEBUG = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "library"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "PASSWORD": "hush-db", "ATOMIC_REQUESTS": True}}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "hush-cache"},
    "other": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
EMAIL_HOST_PASSWORD = "hush-mail"
ROOT_URLCONF = "shop.urls"
LANGUAGES = [("en", gettext_lazy("English")), ("de", gettext_lazy("German"))]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "static/"
