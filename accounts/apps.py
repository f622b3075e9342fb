from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Organizations, environments, members, keys, audit."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
