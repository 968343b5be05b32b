import os

SECRET_KEY = "a-key-of-tests"
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "strain.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "strain"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["STRAIN_DATABASE"], "OPTIONS": {"timeout": 30}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = None
USE_TZ = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
