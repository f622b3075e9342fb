"""People, organizations and their environments, membership, API keys, the audit log."""

from __future__ import annotations

import re
from typing import Any, ClassVar, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.keys import ApiKeyManager
from accounts.querysets import ApiKeyQuerySet, AppendOnlyQuerySet, HistoryIsFinal, OrganizationQuerySet
from accounts.roles import Role, all_api_scopes

valid_slug = RegexValidator(
    r"^[a-z0-9]+(?:-[a-z0-9]+)*\Z", "Use lower-case letters, digits and single hyphens, like order-fulfilment."
)


class UserManager(BaseUserManager["User"]):
    """Users by their email address, whatever its capitals."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user; without a password nobody can sign in as them."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user who may do everything in Django's admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this address. Raises User.DoesNotExist."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Belongs to organizations through Membership."""

    class TaskMails(models.TextChoices):
        NONE = "none", "None"
        MINE = "mine", "Those assigned to me"
        GROUPS = "groups", "Those assigned to me or to my groups"

    email = models.EmailField(unique=True, help_text="Also the name to sign in with.")
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField("active", default=True, help_text="Unticked, the person cannot sign in.")
    is_staff = models.BooleanField("admin access", default=False, help_text="May open Django's admin.")
    task_mails = models.CharField(
        "mails about tasks",
        max_length=6,
        choices=TaskMails.choices,
        default=TaskMails.MINE,
        db_default=TaskMails.MINE,
        help_text="Sent at most every five minutes, about tasks that still wait then.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ["name", "email"]
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case")]

    def __str__(self) -> str:
        return self.display_name

    def clean(self) -> None:
        """Addresses are kept in lower case."""
        super().clean()
        self.email = self.email.strip().lower()

    @property
    def display_name(self) -> str:
        """The name, or the address of someone who gave none."""
        return self.name or self.email

    @property
    def initials(self) -> str:
        """One or two letters for an avatar."""
        words = self.display_name.replace("@", " ").replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


class Organization(models.Model):
    """A tenant. Nothing of one organization is ever visible in another."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True, validators=[valid_slug])
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Environment(models.Model):
    """A separate set of flows, instances and keys within an organization, such as development or production."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="environments")
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60, validators=[valid_slug])
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower comes first in menus.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["organization", "slug"], name="one_environment_per_slug")]

    def __str__(self) -> str:
        return self.name


class EnvironmentScoped(models.Model):
    """Base of every table whose rows belong to one environment."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class Membership(models.Model):
    """That a person belongs to an organization, and what they may do in it."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["user__name", "user__email"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_membership_per_organization"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} as {self.role}"


class MemberGroup(models.Model):
    """A named set of members that human tasks can be assigned to."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, validators=[valid_slug])
    members = models.ManyToManyField(User, related_name="member_groups", blank=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["organization", "slug"], name="one_group_per_slug")]

    def __str__(self) -> str:
        return self.name


class ApiKey(EnvironmentScoped):
    """A program's way in, to one environment. Only the hash of its secret is kept."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, unique=True, editable=False, help_text="The part that may be shown.")
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=all_api_scopes)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyManager.from_queryset(ApiKeyQuerySet)()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= timezone.now() else "active"


class AuditEntry(models.Model):
    """One change that somebody made: who, when, what, before and after. Written once, never changed."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="audit_entries")
    environment = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    actor_user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    actor_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=200, help_text="As it was then; stays when the person or key is gone.")
    action = models.CharField(max_length=80, help_text="A verb in the past tense with its subject, like member.added.")
    subject_type = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=200)
    subject_name = models.CharField(max_length=200)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["organization", "-at", "-id"], name="audit_newest_first"),
            models.Index(fields=["organization", "subject_type", "subject_id"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.subject_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new entry. Raises HistoryIsFinal for one that is stored already."""
        if not self._state.adding:
            raise HistoryIsFinal("entries of the audit log cannot be changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: raises HistoryIsFinal."""
        raise HistoryIsFinal("entries of the audit log cannot be deleted")

    @property
    def words(self) -> str:
        """The action as people read it: `closing reason added`. The words are found by searching for them."""
        return re.sub("[._]", " ", self.action)
