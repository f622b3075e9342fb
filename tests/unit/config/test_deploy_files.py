"""The files of `deploy/` start the same commands: those that `tests/machines` proves."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import yaml
from django.conf import settings

from tests.machines.site import procfile

DEPLOY = Path(__file__).parents[3] / "deploy"
NAMES = ("web", "live", "worker", "beat")


def options(command: str | list[str]) -> set[str]:
    """The program and its options, without where it listens and how many there are."""
    words = shlex.split(command) if isinstance(command, str) else command
    given = re.sub(r'"\$\{\w+:-([^}]*)\}"', r"\1", " ".join(words)).replace("exec ", "")
    given = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", given).replace("/opt/quadrille/.venv/bin/", "")
    given = re.sub(r"--(host|port) \S+", "", given)
    return set(given.split())


def test_units_and_containers_start_what_the_procfile_starts() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name in NAMES:
        unit = (DEPLOY / "systemd" / f"quadrille-{name}.service").read_text()
        started = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        assert started is not None
        assert options(started[1]) == options(procfile()[name]), name
        assert options(services[name]["command"]) == options(procfile()[name]), name


def test_the_release_is_that_of_the_project() -> None:
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    assert project["version"] == settings.RELEASE


def test_the_target_wants_every_unit() -> None:
    target = (DEPLOY / "systemd" / "quadrille.target").read_text()
    assert all(f"quadrille-{name}.service" in target for name in NAMES)


def test_a_worker_is_given_time_to_stop() -> None:
    assert "KillMode=mixed" in (DEPLOY / "systemd" / "quadrille-worker.service").read_text()
    worker = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["worker"]
    assert worker["stop_grace_period"] == "60s"


def test_the_example_environment_names_only_what_there_is() -> None:
    from config.variables import GROUPS

    known = {variable.name for group in GROUPS.values() for variable in group}
    names = re.findall(r"^([A-Z_]+)=", (DEPLOY / "quadrille.env.example").read_text(), re.MULTILINE)
    assert set(names) <= known
    assert {variable.name for group in GROUPS.values() for variable in group if variable.needed} <= set(names)


def test_nginx_names_the_host_wherever_it_passes_on() -> None:
    """A location that sets a header of its own inherits none of those around it."""
    blocks = re.findall(r"location [^{]*\{([^}]*)\}", (DEPLOY / "nginx.conf").read_text())
    passing = [block for block in blocks if "proxy_pass" in block]
    assert len(passing) == 2
    for block in passing:
        for header in ("Host $host", "X-Forwarded-Host $host", "X-Forwarded-Proto $scheme", "X-Forwarded-For $remote"):
            assert f"proxy_set_header {header}" in block
