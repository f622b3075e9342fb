from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Ledgers, wallets and payments."""

    name = "engine.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
