"""The account id of an environment."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Environment
from dialects.cloudflare.translate import account_id_of


def test_the_command_prints_the_account_id(environment: Environment) -> None:
    printed = StringIO()
    call_command("cloudflare_account", organization="acme", environment="development", stdout=printed)
    assert printed.getvalue().strip() == account_id_of("acme", "development")
    assert len(printed.getvalue().strip()) == 32


def test_an_environment_that_there_is_not_is_named(environment: Environment) -> None:
    with pytest.raises(CommandError, match="acme/nowhere"):
        call_command("cloudflare_account", organization="acme", environment="nowhere")
