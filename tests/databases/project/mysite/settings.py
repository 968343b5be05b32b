"""A project with two databases; which ones comes from the environment."""

import json
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DATABASES = json.loads(os.environ["SHELF_DATABASES"])
if "mysql" in os.environ["SHELF_DATABASES"]:
    import pymysql

    pymysql.version_info = (2, 2, 4, "final", 0)
    pymysql.install_as_MySQLdb()
POSTGRESQL = "postgresql" in DATABASES["default"]["ENGINE"]
SECRET_KEY = "databases"
DEBUG = True
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
INSTALLED_APPS = ["django.contrib.contenttypes", "shelf", *(["django.contrib.postgres", "pgshelf"] if POSTGRESQL else [])]
MIDDLEWARE = []
ROOT_URLCONF = "mysite.urls"
DATABASE_ROUTERS = ["mysite.routing.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["models.W036", "models.W038"]
