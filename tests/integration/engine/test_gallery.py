"""Every template of the gallery runs with its sample input: it gets to where it waits for somebody or something."""

from __future__ import annotations

import pytest

from designer.gallery.catalog import template_of, templates
from tests.integration.engine.conftest import Engine


@pytest.mark.parametrize("key", [template.key for template in templates()])
def test_a_template_runs_with_its_sample_input(engine: Engine, key: str) -> None:
    template = template_of(key)
    assert template is not None
    instance = engine.start(template.flow, input=template.sample_input)
    assert engine.work() > 0 or template.flow.tasks
    instance.refresh_from_db()
    assert (instance.status, instance.error) == ("waiting", None)
    assert instance.steps.filter(status__in=("completed", "waiting", "ready")).exists()
