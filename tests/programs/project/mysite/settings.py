"""A plain project; what differs from run to run comes from the environment."""

import json
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
LABS = sorted(one.name for one in BASE_DIR.glob("lab[0-9]*"))
if "mysql" in os.environ.get("PROGRAMS_DATABASE", ""):
    import pymysql

    pymysql.version_info = (2, 2, 4, "final", 0)
    pymysql.install_as_MySQLdb()
SECRET_KEY = "programs"
DEBUG = True
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
INSTALLED_APPS = ["django.contrib.contenttypes", *LABS]
MIDDLEWARE = ["watching.Watching"] if "PROGRAMS_WATCHED" in os.environ else []
TEST_RUNNER = "watching.Runner"
ROOT_URLCONF = "mysite.urls"
DATABASES = {
    "default": json.loads(
        os.environ.get("PROGRAMS_DATABASE") or json.dumps({"ENGINE": "django.db.backends.sqlite3", "NAME": str(BASE_DIR / "db.sqlite3")})
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["models.W027", "models.W036", "models.W037", "models.W038", "models.W042", "mysql.W003", "fields.W122"]
