from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core.signals import request_started


class ConfigConfig(AppConfig):
    """The house itself: commands and checks that belong to no room."""

    name = "config"

    def ready(self) -> None:
        """Ask kept connections seldom; make `shared_task` use our Celery application (embedded mode has none)."""
        from accounts.kept_connections import trust_recent_connections

        # After Django's own receiver, which has every kept connection asked anew.
        request_started.connect(trust_recent_connections)
        if settings.PRODUCTION:
            from config import celery  # noqa: F401  (importing it is what registers it)


class QuadrilleAdminConfig(AdminConfig):
    """Django's admin with our name on it."""

    default_site = "config.admin.QuadrilleAdminSite"
