"""What each environment variable is for. `python -m docs.build` makes the reference of it; a test keeps it whole."""

from __future__ import annotations

from typing import Final, NamedTuple


class Variable(NamedTuple):
    """One variable. `needed`: production does not start without it."""

    name: str
    default: str
    meaning: str
    needed: bool = False


GROUPS: Final[dict[str, tuple[Variable, ...]]] = {
    "What runs": (
        Variable("QUADRILLE_MODE", "`embedded`", "`embedded` (one process, SQLite) or `production`"),
        Variable(
            "QUADRILLE_DATA", "`.quadrille`", "the data folder; embedded: database, secrets, files, made on first run"
        ),
        Variable(
            "QUADRILLE_DEMO",
            "on where the demo was loaded, off in production",
            "serves `/demo/`, which the demo flows call",
        ),
        Variable(
            "QUADRILLE_DEVELOPMENT", "0", "templates and static files as they are on disk, to work on Quadrille itself"
        ),
        Variable(
            "WEB_KEEPS_TO_ONE_CPU",
            "0; 1 in the systemd units",
            "each web and live process keeps to a CPU of its own, if one is left; for machines of Quadrille's own",
        ),
    ),
    "Secrets": (
        Variable(
            "SECRET_KEY", "made, in the data folder", "at least 50 random characters that sign sessions", needed=True
        ),
        Variable("SECRET_KEY_FALLBACKS", "", "earlier secret keys that still verify, separated by commas"),
        Variable(
            "FIELD_KEYS", "made, in the data folder", "Fernet keys for secrets at rest, newest first", needed=True
        ),
    ),
    "Servers": (
        Variable("DATABASE_URL", "SQLite in the data folder", "`postgres://user:password@host/name`", needed=True),
        Variable("DATABASE_CONNECTION_SECONDS", "300", "how long a PostgreSQL connection is kept"),
        Variable("SQLITE_SYNCHRONOUS", "`NORMAL`", "`NORMAL`, `FULL` or `EXTRA`"),
        Variable("REDIS_URL", "in memory", "`redis://host:6379/0`: live updates, cache, wake-ups", needed=True),
        Variable(
            "BROKER_URL", "`REDIS_URL`", "Celery's broker where it is another, such as `amqp://user:password@host//`"
        ),
    ),
    "The wire": (
        Variable("ALLOWED_HOSTS", "localhost", "host names that are served, separated by commas", needed=True),
        Variable(
            "QUADRILLE_URL", "https:// and the first of `ALLOWED_HOSTS`", "where people reach it: for links in mails"
        ),
        Variable("CSRF_TRUSTED_ORIGINS", "", "other origins that may send forms"),
        Variable("TRUST_PROXY", "0", "1 where a proxy always sets `X-Forwarded-Proto` and `X-Forwarded-Host`"),
        Variable("SSL_REDIRECT", "1", "production: plain HTTP is sent to HTTPS"),
        Variable("HSTS_SECONDS", "a year", "production: how long browsers insist on HTTPS"),
        Variable("HSTS_SUBDOMAINS", "1", "production: for subdomains too"),
        Variable("HSTS_PRELOAD", "1", "production: may be built into browsers"),
        Variable("STATIC_ROOT", "in the data folder", "where collected static files go"),
    ),
    "People": (
        Variable("SESSION_DAYS", "14", "how long a sign-in lasts"),
        Variable("SIGN_IN_PAUSE_MINUTES", "10", "the pause after five wrong passwords"),
    ),
    "Flows": (
        Variable("ATTEMPT_THREADS", "64", "attempts that one worker process makes side by side"),
        Variable(
            "WORKER_STOP_SECONDS", "10", "how long attempts under way may take after SIGTERM; then others make them"
        ),
        Variable(
            "QUADRILLE_LEASE_SECONDS",
            "30",
            "how long a worker's claim outlives its last sign of life: what a crash costs",
        ),
        Variable(
            "QUADRILLE_OUTBOUND_ALLOW",
            "loopback when embedded, else nothing",
            "private networks (CIDR) that flows may call",
        ),
        Variable("OUTBOUND_MAX_SECONDS", "600", "the longest outbound call"),
        Variable("QUADRILLE_EVENT_STREAM_OUT", "", "the Redis stream that messages about instances are appended to"),
        Variable(
            "QUADRILLE_EVENT_STREAM_IN",
            "",
            "the Redis stream that events are read from: environment (organization/environment), type, payload",
        ),
        Variable("QUADRILLE_EVENT_STREAM_URL", "REDIS_URL", "where these streams are"),
        Variable("QUADRILLE_PYTHON_MODULES", "", "modules whose functions flows may run, separated by commas"),
        Variable(
            "QUADRILLE_MOST_RUNNING", "50000", "instances of one environment that run at once, 0 for any; others queue"
        ),
        Variable("QUADRILLE_SCRIPTS", "`scripts` in the data folder", "the folder of flows written as code"),
        Variable("QUADRILLE_SCRIPT_PACKAGES", "", "installed packages whose modules are scripts, too"),
        Variable(
            "QUADRILLE_SCRIPT_ORGANIZATIONS",
            "`*`, none in production",
            "organizations (slugs, `*`: all) that may use scripts outside of `organizations/<slug>/`, and of packages",
        ),
        Variable(
            "QUADRILLE_LIVE_PROGRAMS_MB",
            "64",
            "memory of a worker in which flows as code are kept running between steps; 0: replay them each time",
        ),
    ),
    "Mail": (
        Variable("EMAIL_HOST", "none: each mail becomes a file in the data folder", "the mail server"),
        Variable("EMAIL_PORT", "25", "its port"),
        Variable("EMAIL_HOST_USER", "", "who signs in there"),
        Variable("EMAIL_HOST_PASSWORD", "", "and with what"),
        Variable("EMAIL_USE_TLS", "0", "1: STARTTLS"),
        Variable("EMAIL_USE_SSL", "0", "1: TLS from the start"),
        Variable("DEFAULT_FROM_EMAIL", "`quadrille@localhost`", "who mails are from"),
    ),
    "Being watched": (
        Variable("LOG_LEVEL", "`INFO`", "how much is logged"),
        Variable("LOG_FORMAT", "`plain`; `json` in production", "a line of text, or of JSON with instance and step"),
        Variable("METRICS_TOKEN", "none: no metrics", "opens `/metrics` as a bearer token"),
        Variable("METRICS_ALLOW", "", "networks (CIDR) that may read `/metrics` without it, if no proxy is between"),
        Variable(
            "PROMETHEUS_MULTIPROC_DIR",
            "`metrics` in the data folder",
            "where the processes of one machine count together",
        ),
        Variable(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "none: no traces",
            "OpenTelemetry's receiver; the other `OTEL_*` variables count too",
        ),
        Variable("OTEL_SERVICE_NAME", "`quadrille`", "the name of the traces' service"),
    ),
    "Dialects": (
        Variable("CLOUDFLARE_ACCOUNT_CREATE_RATE", "300", "instances an account may create in a second"),
        Variable("CLOUDFLARE_WORKFLOW_CREATE_RATE", "100", "instances of one workflow that may be created in a second"),
        Variable("CLOUDFLARE_ACCOUNT_QUEUED", "2000000", "instances of an account that may be queued"),
        Variable("NOVU_REQUEST_RATE", "0: no limit", "requests a second of one key over Novu's API"),
        Variable("NOVU_MAX_STEPS", "20", "steps of one Novu workflow"),
        Variable("NOVU_MAX_WORKFLOWS", "0: no limit", "Novu workflows of one environment"),
        Variable("NOVU_MAX_EVENTS", "100", "events of one bulk trigger"),
        Variable("NOVU_MAX_RECIPIENTS", "100", "recipients of one trigger"),
        Variable("NOVU_MAX_PAYLOAD_KIB", "512", "the size of a trigger's payload in KiB"),
        Variable("DIGEST_MAX_DAYS", "90", "the longest window of a digest; over Novu's API also the longest delay"),
        Variable("QUADRILLE_FORMANCE_ANONYMOUS", "none", "the environment in which callers without a token work"),
        Variable("QUADRILLE_FORMANCE_WAIT_SECONDS", "60", "how long a call may wait for an instance's end"),
        Variable("QUADRILLE_LEDGER_URL", "none: our own ledger", "an outside ledger"),
        Variable("QUADRILLE_LEDGER_CLIENT_ID", "", "who signs in there"),
        Variable("QUADRILLE_LEDGER_CLIENT_SECRET", "", "and with what"),
        Variable("EPILOT_MAX_WORKFLOWS", "1000", "workflows that may be enabled at once in one environment"),
    ),
}
