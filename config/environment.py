"""Reading the process environment: what a deployment may set, what embedded mode makes up by itself.

`settings.py` is the only user. Problems are collected, so that a refused start names all of them at once.
"""

import os
import secrets
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

EMBEDDED = "embedded"
PRODUCTION = "production"
SECRET_KEY_MIN_LENGTH = 50
TOKEN_MIN_LENGTH = 20


class Environment:
    """The environment variables, read with types. Every unusable value is remembered as a problem."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding space; the default where it is unset or empty."""
        return self.values.get(name, "").strip() or default

    def items(self, name: str, default: str = "") -> list[str]:
        """A comma-separated value as a list without empty items."""
        return [item.strip() for item in self.text(name, default).split(",") if item.strip()]

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        """Comma-separated networks or addresses (CIDR)."""
        found: list[IPv4Network | IPv6Network] = []
        for item in self.items(name):
            try:
                found.append(ip_network(item))
            except ValueError:
                self.problems.append(f"{name} must hold networks such as 10.0.0.0/8, not {item!r}")
        return found

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True for 1/true/yes/on, False for 0/false/no/off; anything else is a problem."""
        value = self.text(name).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value and value not in {"0", "false", "no", "off"}:
            self.problems.append(f"{name} must be 1 or 0, not {value!r}")
        return default if not value else False

    def number(self, name: str, default: int) -> int:
        """A whole number that is not negative."""
        value = self.text(name)
        if not value:
            return default
        if not value.isdecimal():
            self.problems.append(f"{name} must be a whole number, not {value!r}")
            return default
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of the choices; the first is the default."""
        value = self.text(name, choices[0])
        if value not in choices:
            self.problems.append(f"{name} must be one of {', '.join(choices)}, not {value!r}")
            return choices[0]
        return value

    def require(self, name: str, why: str) -> str:
        """A value that has no safe default; its absence is a problem."""
        value = self.text(name)
        if not value:
            self.problems.append(f"{name} is missing: {why}")
        return value

    def refuse_when_unsafe(self) -> None:
        """Stop the start when any value was missing or insecure, naming each.

        Raises ImproperlyConfigured.
        """
        if self.problems:
            lines = "".join(f"\n  - {problem}" for problem in self.problems)
            raise ImproperlyConfigured(f"Quadrille does not start with these settings:{lines}")


def production_problems(env: Environment) -> list[str]:
    """What is missing or insecure for production; empty when all is well."""
    key = env.require("SECRET_KEY", f"at least {SECRET_KEY_MIN_LENGTH} random characters that sign sessions")
    problems = []
    if key and (len(key) < SECRET_KEY_MIN_LENGTH or len(set(key)) < 10 or key.startswith("django-insecure-")):
        problems.append(f"SECRET_KEY is too weak: at least {SECRET_KEY_MIN_LENGTH} random characters are needed")
    database = env.require("DATABASE_URL", "the PostgreSQL database, postgres://user:password@host/name")
    if database and not database.startswith(("postgres://", "postgresql://")):
        problems.append("DATABASE_URL must name a PostgreSQL database (postgres://…); SQLite is for embedded mode")
    redis = env.require("REDIS_URL", "the Redis server of live updates, cache and wake-ups, redis://host:6379/0")
    if redis and not redis.startswith(("redis://", "rediss://", "unix://")):
        problems.append("REDIS_URL must start with redis://, rediss:// or unix://")
    env.require("ALLOWED_HOSTS", "the host names this server answers to, separated by commas")
    if "*" in env.items("ALLOWED_HOSTS"):
        problems.append("ALLOWED_HOSTS must not be *: name the hosts this server answers to")
    env.require("FIELD_KEYS", "Fernet keys for secrets at rest, the newest first, separated by commas")
    return problems


def field_key_problems(keys: list[str]) -> list[str]:
    """Each field key that is no Fernet key, by position, never by value."""
    problems = []
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            problems.append(f"FIELD_KEYS: key {position} is not a Fernet key (32 bytes, URL-safe base64)")
    return problems


def open_data_folder(folder: Path) -> Path:
    """The data folder of embedded mode, created for its owner alone when new.

    Raises ImproperlyConfigured when it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"The data folder {folder} cannot be made: {error.strerror}") from error
    return folder


def read_or_make_secret(path: Path, secret: str) -> str:
    """The secret kept in a file of the data folder; the given one is stored when there is none yet.

    Two processes may start at once on a new folder: the file appears complete or not at all, and the first one wins.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secret)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
