from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    """Connections to other services."""

    name = "accounts.connections"
    label = "connections"
    default_auto_field = "django.db.models.BigAutoField"
