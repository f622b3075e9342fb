from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig


class ConfigConfig(AppConfig):
    """The house itself: commands and checks that belong to no room."""

    name = "config"

    def ready(self) -> None:
        """Make `shared_task` use our Celery application. Embedded mode has no Celery, so it does not pay the import."""
        if settings.PRODUCTION:
            from config import celery  # noqa: F401  (importing it is what registers it)


class QuadrilleAdminConfig(AdminConfig):
    """Django's admin with our name on it."""

    default_site = "config.admin.QuadrilleAdminSite"
