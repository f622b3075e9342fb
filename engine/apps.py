from django.apps import AppConfig


class EngineConfig(AppConfig):
    """Running instances."""

    name = "engine"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what may be watched live, and answer what the designer asks about instances."""
        from accounts.live import register_topic
        from designer.services.guards import register_instances
        from engine.flow_use import EngineInstances
        from engine.live.topics import InboxCountTopic, InboxTopic, InstancesTopic, InstanceTopic

        register_instances(EngineInstances())
        register_topic("instance", InstanceTopic())
        register_topic("instances", InstancesTopic())
        register_topic("inbox", InboxTopic())
        register_topic("inbox_count", InboxCountTopic())
