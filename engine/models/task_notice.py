"""Whom to tell that a human task is theirs."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Environment


class TaskNotice(models.Model):
    """A human task that was assigned, and of which a mail is yet to be sent. The row goes when that is done.

    Written in the transaction that assigns; who it is for is found out when it is sent, from the step as it is then.
    """

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    instance_id = models.BigIntegerField()
    task = models.CharField(max_length=64)
    iteration = models.PositiveIntegerField(default=1)
    mail_after = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["mail_after", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["instance_id", "task", "iteration"], name="one_notice_of_a_task")
        ]
        indexes = [models.Index(fields=["mail_after", "id"], name="notices_due")]

    def __str__(self) -> str:
        return f"{self.task} of {self.instance_id}"
