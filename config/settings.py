"""Every setting of Quadrille, from the environment.

Two modes. `QUADRILLE_MODE=embedded` (the default) needs nothing: database, keys and files live in the data folder
(`QUADRILLE_DATA`, `--data`), which is made on first run. `QUADRILLE_MODE=production` takes everything from the
environment and refuses to start while a value is missing or insecure. `docs/reference/settings.md` lists them all.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.urls import reverse_lazy

from config import environment

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = environment.Environment(os.environ)
MODE = env.choice("QUADRILLE_MODE", (environment.EMBEDDED, environment.PRODUCTION))
PRODUCTION = MODE == environment.PRODUCTION
RELEASE = "0.1.0"  # as in pyproject.toml
DEBUG = False
# Serves templates and static files as they are on disk, for work on Quadrille itself. Never shows tracebacks.
DEVELOPMENT = env.flag("QUADRILLE_DEVELOPMENT") and not PRODUCTION

# ---------------------------------------------------------------- secrets and the data folder
if PRODUCTION:
    env.problems += environment.production_problems(env)
    DATA_DIR = Path(env.text("QUADRILLE_DATA", str(BASE_DIR / "data")))
    SECRET_KEY = env.text("SECRET_KEY")
    FIELD_KEYS = env.items("FIELD_KEYS")
    SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
else:
    DATA_DIR = environment.open_data_folder(Path(env.text("QUADRILLE_DATA", str(BASE_DIR / ".quadrille"))).absolute())
    SECRET_KEY = env.text("SECRET_KEY") or environment.read_or_make_secret(
        DATA_DIR / "secret.key", secrets.token_urlsafe(64)
    )
    FIELD_KEYS = env.items("FIELD_KEYS") or [
        environment.read_or_make_secret(DATA_DIR / "field.key", Fernet.generate_key().decode())
    ]
env.problems += environment.field_key_problems(FIELD_KEYS)

# ---------------------------------------------------------------- what is installed
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "dialects.epilot.apps.EpilotConfig",
    "dialects.apps.DialectsConfig",
    "dialects.cloudflare.apps.CloudflareConfig",
    "dialects.formance.apps.FormanceConfig",
    "dialects.novu.apps.NovuConfig",
    "engine.notifying.apps.NotifyingConfig",
    "engine.entities.apps.EntitiesConfig",
    "engine.apps.EngineConfig",
    "engine.ledger.apps.LedgerConfig",
    "engine.outbox.apps.OutboxConfig",
    "engine.calls.apps.CallsConfig",
    "engine.machines.apps.MachinesConfig",
    "designer.apps.DesignerConfig",
    "designer.trying.apps.TryingConfig",
    "designer.switching.apps.SwitchingConfig",
    "designer.comments.apps.CommentsConfig",
    "accounts.apps.AccountsConfig",
    "accounts.connections.apps.ConnectionsConfig",
    "config.apps.QuadrilleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "channels",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "config.metrics.CountRequests",
    "django.middleware.security.SecurityMiddleware",
    "config.programs.Files",
    "config.programs.ContentPolicy",
    "config.middleware.RefuseBadInput",
    "config.middleware.AnswerDatabaseTrouble",
    "config.health.AnswerProbes",
    "config.programs.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.programs.SignedIn",
    "config.programs.Notes",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.programs.Htmx",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "config.forms.HouseRenderer"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.shell",
                "designer.noticing.mentions",
            ],
        },
    },
]

# ---------------------------------------------------------------- database
SQLITE_SYNCHRONOUS = env.choice("SQLITE_SYNCHRONOUS", ("NORMAL", "FULL", "EXTRA"))
SQLITE_OPTIONS: dict[str, Any] = {
    # A transaction that will write takes its lock at once: a later upgrade would fail instead of waiting.
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": (
        "PRAGMA journal_mode=WAL;"
        f"PRAGMA synchronous={SQLITE_SYNCHRONOUS};"
        "PRAGMA busy_timeout=30000;"
        "PRAGMA temp_store=MEMORY;"
        "PRAGMA cache_size=-16384;"  # KiB, for each thread; the system keeps the rest of the file in its own
        "PRAGMA mmap_size=268435456;"
        "PRAGMA journal_size_limit=67108864;"
    ),
}


# A database server that has gone without a word (its machine died, a cable was pulled) is noticed in a minute.
POSTGRES_OPTIONS: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def database_settings(url: str) -> dict[str, Any]:
    """Django's settings for one database URL: PostgreSQL with kept connections, SQLite with WAL."""
    settings: dict[str, Any] = dict(dj_database_url.parse(url))
    if "sqlite" in settings["ENGINE"]:
        settings["OPTIONS"] = settings.get("OPTIONS", {}) | SQLITE_OPTIONS
    else:
        settings["OPTIONS"] = POSTGRES_OPTIONS | settings.get("OPTIONS", {})
        settings["CONN_MAX_AGE"] = env.number("DATABASE_CONNECTION_SECONDS", 300)
        settings["CONN_HEALTH_CHECKS"] = True
    return settings


DATABASES = {"default": database_settings(env.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'quadrille.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---------------------------------------------------------------- cache, channel layer, Celery
REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {"BACKEND": "config.caching.ForgivingRedisCache", "LOCATION": REDIS_URL}
    }
    CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "quadrille"},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

CELERY_BROKER_URL = env.text("BROKER_URL", REDIS_URL or "memory://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # a message is a wake-up: losing one costs a sweep interval, repeating one costs a query
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {"sweep": {"task": "engine.sweep", "schedule": 1.0, "options": {"expires": 2.0}}}
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # keeps nothing on disk: the database knows what is due
# `advance` settles and keeps the time, `attempts` runs steps with an outside effect: `celery -A config worker -Q …`.
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"advance": {}, "attempts": {}}
CELERY_TASK_DEFAULT_QUEUE = "advance"
# Nobody asks for it; and on RabbitMQ its queue, named for the machine, would be had by one worker of a machine alone.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_ROUTES = {"engine.wake": {"queue": "attempts"}}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is away for an hour must not end a worker
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_REDIRECT_STDOUTS = False
if CELERY_BROKER_URL.startswith(("redis", "unix")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 10, "socket_keepalive": True}
ATTEMPT_THREADS = env.number("ATTEMPT_THREADS", 64)  # attempts side by side in one worker process
WORKER_STOP_SECONDS = env.number("WORKER_STOP_SECONDS", 10)  # what attempts under way may take after SIGTERM

# ---------------------------------------------------------------- people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("accounts:sign_in")
LOGIN_REDIRECT_URL = reverse_lazy("home")
LOGOUT_REDIRECT_URL = LOGIN_URL
SESSION_COOKIE_AGE = 60 * 60 * 24 * env.number("SESSION_DAYS", 14)
SESSION_COOKIE_NAME = "quadrille_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "quadrille_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

# Five wrong passwords for one address from one place, then a pause. Counted in the database, so in every process.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=env.number("SIGN_IN_PAUSE_MINUTES", 10))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "accounts.views.sessions.sign_in_name"
AXES_LOCKOUT_CALLABLE = "accounts.views.sessions.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# ---------------------------------------------------------------- the wire
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1]")
# Where people reach this installation: for links in mails that nobody's request causes.
_FIRST_HOST = next(iter(ALLOWED_HOSTS), "localhost").removeprefix(".")
PUBLIC_URL = env.text("QUADRILLE_URL", f"https://{_FIRST_HOST}" if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_SUBDOMAINS", default=True)
    SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD", default=True)
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if env.flag("TRUST_PROXY"):
        # Only where a proxy in front always sets (never passes on) these headers.
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        USE_X_FORWARDED_HOST = True

# No `unsafe-*` anywhere: scripts and styles come from our own files, or carry the nonce of this answer.
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

MAX_PAYLOAD_BYTES = 1024 * 1024  # one JSON payload: an input, an event, a form
MAX_FLOW_FILE_BYTES = 5 * 1024 * 1024
MAX_REQUEST_BYTES = MAX_FLOW_FILE_BYTES + 1024 * 1024  # whatever the kind: more is refused before it is read
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# Networks that outbound HTTP may reach although they are private; everything public is allowed anyway.
OUTBOUND_ALLOW = env.items("QUADRILLE_OUTBOUND_ALLOW", "" if PRODUCTION else "127.0.0.0/8,::1/128")
PYTHON_FUNCTION_MODULES = env.items("QUADRILLE_PYTHON_MODULES", "")
# How long a worker's claim on an attempt outlives its last sign of life: what a crash costs at most.
LEASE_SECONDS = max(1, env.number("QUADRILLE_LEASE_SECONDS", 30))
# How many instances of one environment run at once, over all its flows (0: any number); the rest stay queued.
MOST_RUNNING = max(0, env.number("QUADRILLE_MOST_RUNNING", 50_000))
# Where flows as code come from: a folder of Python files, and installed packages. Never from a request.
SCRIPTS_FOLDER = Path(env.text("QUADRILLE_SCRIPTS", str(DATA_DIR / "scripts")))
SCRIPT_PACKAGES = env.items("QUADRILLE_SCRIPT_PACKAGES", "")
# Who may use what lies beside the folders of organizations, and packages: slugs of organizations, or * for all.
SCRIPT_ORGANIZATIONS = env.items("QUADRILLE_SCRIPT_ORGANIZATIONS", "" if PRODUCTION else "*")
# Memory of a worker in which flows as code are kept running between their steps; 0: replay them each time.
LIVE_PROGRAM_BYTES = max(0, env.number("QUADRILLE_LIVE_PROGRAMS_MB", 64)) * 1024 * 1024
OUTBOUND_MAX_SECONDS = env.number("OUTBOUND_MAX_SECONDS", 600)

# How many instances an account, and a workflow, may create in a second over the Cloudflare dialect (429 beyond it).
CLOUDFLARE_ACCOUNT_CREATE_RATE = env.number("CLOUDFLARE_ACCOUNT_CREATE_RATE", 300)
# And how many of an account's may be queued.
CLOUDFLARE_ACCOUNT_QUEUED = env.number("CLOUDFLARE_ACCOUNT_QUEUED", 2_000_000)
CLOUDFLARE_WORKFLOW_CREATE_RATE = env.number("CLOUDFLARE_WORKFLOW_CREATE_RATE", 100)
# How many requests a second a key may make over the Novu dialect (429 beyond it); 0: as many as it likes.
NOVU_REQUEST_RATE = env.number("NOVU_REQUEST_RATE", 0)
# The limits of that dialect: per workflow, per environment (0: none), per bulk, per trigger, of a payload.
NOVU_MAX_STEPS = env.number("NOVU_MAX_STEPS", 20)
NOVU_MAX_WORKFLOWS = env.number("NOVU_MAX_WORKFLOWS", 0)
NOVU_MAX_EVENTS = env.number("NOVU_MAX_EVENTS", 100)
NOVU_MAX_RECIPIENTS = env.number("NOVU_MAX_RECIPIENTS", 100)
NOVU_MAX_PAYLOAD_KIB = env.number("NOVU_MAX_PAYLOAD_KIB", 512)
# The longest window of a digest; over the Novu dialect also the longest delay.
DIGEST_MAX_DAYS = env.number("DIGEST_MAX_DAYS", 90)

# ---------------------------------------------------------------- files
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "config.static.HashedStaticFiles"
    },
}
WHITENOISE_USE_FINDERS = DEVELOPMENT
WHITENOISE_AUTOREFRESH = DEVELOPMENT
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Pages and API answers are compressed by the proxy in front; only files of fixed content are compressed here.

# ---------------------------------------------------------------- language and time
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# ---------------------------------------------------------------- mail
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "quadrille@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 30
# Without a mail server each mail becomes a file, for whoever runs this to look at.
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"

# ---------------------------------------------------------------- API
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Quadrille API",
    "DESCRIPTION": "Flows, versions, instances, tasks and events of one environment.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Redis streams: where messages about instances are appended, and where events for triggers are read. Empty: nowhere.
EVENT_STREAM_URL = env.text("QUADRILLE_EVENT_STREAM_URL")
EVENT_STREAM_OUT = env.text("QUADRILLE_EVENT_STREAM_OUT")
EVENT_STREAM_IN = env.text("QUADRILLE_EVENT_STREAM_IN")
# Money: the ledger of this database, or a Formance server to be reached over HTTP with client credentials.
LEDGER_URL = env.text("QUADRILLE_LEDGER_URL")
LEDGER_CLIENT_ID = env.text("QUADRILLE_LEDGER_CLIENT_ID")
LEDGER_CLIENT_SECRET = env.text("QUADRILLE_LEDGER_CLIENT_SECRET")
# The Formance API: the environment ("organization/environment") in which callers without a token work; empty: none may.
FORMANCE_ANONYMOUS = env.text("QUADRILLE_FORMANCE_ANONYMOUS")
FORMANCE_WAIT_SECONDS = env.number("QUADRILLE_FORMANCE_WAIT_SECONDS", 60)
# ---------------------------------------------------------------- processes
WEB_KEEPS_TO_ONE_CPU = env.flag("WEB_KEEPS_TO_ONE_CPU")  # not by itself: containers do not see each other's choice

# ---------------------------------------------------------------- dialects
EPILOT_MAX_WORKFLOWS = env.number("EPILOT_MAX_WORKFLOWS", 1_000)  # enabled at once in one environment, over that API

# ---------------------------------------------------------------- demo
# The small outside world that the demo flows call, below /demo/. `manage.py demo` leaves its note in the data folder.
DEMO_NOTE = DATA_DIR / "demo-credentials.json"
DEMO = env.flag("QUADRILLE_DEMO", default=not PRODUCTION and DEMO_NOTE.exists())

# ---------------------------------------------------------------- being watched
# `/metrics` answers whoever has the token, and whoever asks from these networks without a proxy between; else nobody.
METRICS_TOKEN = env.text("METRICS_TOKEN")
METRICS_ALLOW = env.networks("METRICS_ALLOW")
METRICS = bool(METRICS_TOKEN or METRICS_ALLOW)
if PRODUCTION and METRICS_TOKEN and len(METRICS_TOKEN) < environment.TOKEN_MIN_LENGTH:
    env.problems.append(f"METRICS_TOKEN is too short: at least {environment.TOKEN_MIN_LENGTH} characters are needed")
if METRICS and PRODUCTION:
    # Each process writes its counters into files of this folder, so that any of them can answer for all on its machine.
    METRICS_DIR = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(DATA_DIR / "metrics")))
    if not env.problems:
        METRICS_DIR.mkdir(parents=True, exist_ok=True)

# ---------------------------------------------------------------- logs
LOG_FORMAT = env.choice("LOG_FORMAT", ("json", "plain") if PRODUCTION else ("plain", "json"))
LOG_FORMATTERS: dict[str, dict[str, str]] = {
    "plain": {"format": "{asctime} {levelname} {name}{at_work}: {message}", "style": "{"},
    "json": {"()": "config.logs.JsonLines"},
}
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"at_work": {"()": "engine.telemetry.at_work.NameStep"}},
    "formatters": {LOG_FORMAT: LOG_FORMATTERS[LOG_FORMAT]},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["at_work"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}

env.refuse_when_unsafe()
