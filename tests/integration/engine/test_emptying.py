"""What a test commits is not there for the next, and what migrating has made is."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from engine.models import Fact
from tests.emptying import empty_tables
from tests.integration.engine.conftest import Engine


def keys(model: type[Model]) -> set[Any]:
    """Of all rows: in no order, for an order may join tables."""
    return set(model._base_manager.order_by().values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_but_what_migrating_makes(engine: Engine) -> None:
    engine.start("a")
    engine.work()
    assert Fact.objects.exists()
    made = {model: keys(model) for model in (ContentType, Permission)}
    empty_tables()
    for model in apps.get_models():
        assert keys(model) == made.get(model, set()), model
