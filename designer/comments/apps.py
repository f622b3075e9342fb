from django.apps import AppConfig


class CommentsConfig(AppConfig):
    """Comments on flows and tasks."""

    name = "designer.comments"
    label = "comments"
    default_auto_field = "django.db.models.BigAutoField"
