from django.apps import AppConfig


class DesignerConfig(AppConfig):
    """Flows, versions, drawing."""

    name = "designer"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let open editors follow each other."""
        from accounts.live import register_topic
        from designer.live.comments import CommentsTopic
        from designer.live.draft import DraftTopic
        from designer.live.mentions import MentionsTopic

        register_topic("draft", DraftTopic())
        register_topic("comments", CommentsTopic())
        register_topic("mentions", MentionsTopic())
