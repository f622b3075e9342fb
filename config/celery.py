"""The Celery application: `celery -A config worker`, `celery -A config beat`. It carries wake-ups, never state."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("quadrille")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Logs go where `settings.LOGGING` says: that somebody is connected here keeps Celery from setting up its own."""
