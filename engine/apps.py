from django.apps import AppConfig
from django.conf import settings


class EngineConfig(AppConfig):
    """Running instances."""

    name = "engine"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """In production, commits wake the workers through Celery; `manage.py serve` has its runner in the process."""
        if settings.PRODUCTION:
            from engine.runners.celery import use_celery

            use_celery()
