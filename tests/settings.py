"""The product's settings with a data folder of their own, and the few changes that make tests fast.

`DATABASE_URL` names another database (the second run of the storage tests is on PostgreSQL).
"""

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

# Until the tests begin only more and more is there to stay: nothing to collect (`tests/conftest.py` begins with that).
gc.disable()
DATA = Path(tempfile.mkdtemp(prefix="quadrille-test-"))
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
os.environ["QUADRILLE_MODE"] = "embedded"
os.environ["QUADRILLE_DATA"] = str(DATA)
UNWANTED = (
    "METRICS_TOKEN",
    "METRICS_ALLOW",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "REDIS_URL",
    "BROKER_URL",
    "EMAIL_HOST",
    "QUADRILLE_DEVELOPMENT",
    "ALLOWED_HOSTS",
)
for unwanted in UNWANTED:
    os.environ.pop(unwanted, None)

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

# A file rather than memory: several threads then share one database as they do in production.
# On PostgreSQL the tables are those of a database that has been migrated already, where there is one.
TEMPLATE = os.environ.get("QUADRILLE_TEST_TEMPLATE")
if not os.environ.get("DATABASE_URL"):
    DATABASES["default"]["TEST"] = {"NAME": str(DATA / "test.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"TEMPLATE": TEMPLATE} if TEMPLATE else {}
# Threads that a test has started keep no connection: the database could not be dropped afterwards.
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Argon2 is slow on purpose; tests that are about it name it themselves.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "django.contrib.auth.hashers.Argon2PasswordHasher"]
# Plain names, so that no test run needs collectstatic first.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
