import os

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_migrate


class EngineConfig(AppConfig):
    """Running instances."""

    name = "engine"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what may be watched live, answer what the designer asks about instances, and be woken in production."""
        from accounts.live import register_topic
        from designer.services.guards import register_cases, register_instances
        from designer.services.switches import switch_due_flows
        from engine.flow_use import EngineInstances
        from engine.ledger.connecting import carry_out_transfers
        from engine.live.topics import InboxCountTopic, InboxTopic, InstancesTopic, InstanceTopic
        from engine.outbox.delivering import deliver_due
        from engine.outbox.dispatching import dispatch_messages, sweep_out
        from engine.sandbox.cases import failing_cases
        from engine.services import automation_triggers
        from engine.services.calls import deliver_some
        from engine.services.chores import add_chore
        from engine.services.crowding import note_crowded
        from engine.services.entity_sync import has_rules, sync_entities
        from engine.services.followers import follow_flows_that
        from engine.services.listeners import add_listener
        from engine.services.mentioning import mail_mentions
        from engine.services.stream_in import read_stream
        from engine.services.task_mails import mail_tasks
        from engine.services.waking import add_courier
        from engine.storage.postgres import end_forsaken_transactions, let_migrations_take_their_time
        from engine.telemetry import metrics, tracing

        register_instances(EngineInstances())
        register_cases(failing_cases)
        register_topic("instance", InstanceTopic())
        register_topic("instances", InstancesTopic())
        register_topic("inbox", InboxTopic())
        register_topic("inbox_count", InboxCountTopic())
        connection_created.connect(end_forsaken_transactions)
        pre_migrate.connect(let_migrations_take_their_time, sender=self)
        add_courier(deliver_some)
        follow_flows_that(has_rules, sync_entities)
        add_listener(automation_triggers.hear)
        if settings.METRICS:
            metrics.turn_on()
        if tracing.is_wanted(os.environ):
            tracing.turn_on()
        for chore in (
            dispatch_messages,
            deliver_due,
            sweep_out,
            read_stream,
            carry_out_transfers,
            note_crowded,
            switch_due_flows,
            mail_mentions,
            mail_tasks,
        ):
            add_chore(chore)
        if settings.PRODUCTION:
            # Commits wake the workers through Celery; `manage.py serve` has its runner in the process.
            from engine.runners.celery import use_celery

            use_celery()
