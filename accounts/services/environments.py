"""Environments of an organization: adding, renaming, removing an empty one."""

from __future__ import annotations

from django.db import models, transaction

from accounts.audit import record
from accounts.errors import EnvironmentInUse, LastEnvironment
from accounts.models import ApiKey, AuditEntry, Environment
from accounts.scope import Scope
from accounts.slugs import free_slug


@transaction.atomic
def add_environment(scope: Scope, *, name: str, slug: str = "") -> Environment:
    """A new, empty environment after the others."""
    siblings = Environment.objects.within(scope)
    last = siblings.aggregate(last=models.Max("position"))["last"]
    environment = Environment.objects.create(
        organization=scope.organization,
        name=name,
        slug=slug or free_slug(name, siblings.values_list("slug", flat=True)),
        position=0 if last is None else last + 1,
    )
    record(scope, "environment.added", environment, after={"name": name, "slug": environment.slug})
    return environment


@transaction.atomic
def rename_environment(scope: Scope, environment: Environment, *, name: str, slug: str) -> None:
    """Give an environment another name or another place in addresses."""
    stored = Environment.objects.within(scope).get(pk=environment.pk)
    before = {"name": stored.name, "slug": stored.slug}
    stored.name, stored.slug = name, slug
    stored.save(update_fields=["name", "slug"])
    record(scope, "environment.changed", stored, before, {"name": name, "slug": slug})


@transaction.atomic
def remove_environment(scope: Scope, environment: Environment) -> None:
    """Remove an environment that holds nothing but keys. Raises LastEnvironment or EnvironmentInUse."""
    siblings = Environment.objects.within(scope).select_for_update()
    if len(siblings) < 2:
        raise LastEnvironment
    contents = contents_of(environment)
    if contents:
        raise EnvironmentInUse(contents)
    record(scope, "environment.removed", environment, before={"name": environment.name, "slug": environment.slug})
    environment.delete()


def contents_of(environment: Environment) -> list[str]:
    """What of the product lies in an environment, in words: `["3 flows"]`. Keys and the audit log do not count."""
    contents = []
    for relation in Environment._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel) or relation.related_model in (ApiKey, AuditEntry):
            continue
        model, name = relation.related_model, relation.remote_field.name
        number = model._base_manager.filter(**{name: environment}).count()
        if number:
            words = model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural
            contents.append(f"{number} {words}")
    return contents
