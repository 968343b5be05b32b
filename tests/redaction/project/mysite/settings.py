import json
import os
from pathlib import Path

BASE_DIR = Path(__file__).parent.parent
KEPT = json.loads(Path(os.environ["SAFE_SECRETS"]).read_text()) if "SAFE_SECRETS" in os.environ else {}
SECRET_KEY = "a-key-of-tests-that-is-long-enough-0123456789"
PAYMENT_API_KEY, *_ = KEPT.get("settings", ["none"])
SERVICES = {str(number): {"PASSWORD": text} for number, text in enumerate(KEPT.get("nested_settings", ()))}
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "safe.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "safe"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
USE_TZ = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
