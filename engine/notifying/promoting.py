"""How a flow notifies goes along when it is promoted to another environment."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from designer.models import Flow
from designer.services.promoting import flow_promoted
from engine.notifying.models import MessagePolicy


@receiver(flow_promoted)
def copy_policy(source: Flow, target: Flow, **_: Any) -> None:
    """The same policy in the other environment; what subscribers chose there stays."""
    policy = MessagePolicy.objects.filter(flow=source).first()
    if policy is None:
        return
    MessagePolicy.objects.update_or_create(
        flow=target,
        defaults={
            "severity": policy.severity,
            "author_preferences": policy.author_preferences,
            "override_preferences": policy.override_preferences,
            "payload_schema": policy.payload_schema,
            "validates_payload": policy.validates_payload,
        },
    )
