from django.apps import AppConfig


class FormanceConfig(AppConfig):
    """What the Formance room keeps: deleted workflows, triggers and their occurrences."""

    name = "dialects.formance"
    label = "formance"
    default_auto_field = "django.db.models.BigAutoField"
