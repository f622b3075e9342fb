"""The files of `deploy/` start the same commands: those that `tests/machines` proves."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

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


def compose() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return made


def test_containers_are_given_variables_that_there_are() -> None:
    from config.variables import GROUPS

    known = {variable.name for group in GROUPS.values() for variable in group}
    ours = [service for service in compose()["services"].values() if "build" in service]
    assert len(ours) == 5
    for service in ours:
        assert set(service["environment"]) <= known
        assert (DEPLOY / f"{service['env_file']}.example").exists()
    asked_of_caddy = re.findall(r"\{\$(\w+):", (DEPLOY / "Caddyfile").read_text())
    assert set(compose()["services"]["proxy"]["environment"]) == set(asked_of_caddy)


def test_containers_wait_for_services_and_use_volumes_that_there_are() -> None:
    made = compose()
    for name, service in made["services"].items():
        for other, how in service.get("depends_on", {}).items():
            waited_for = made["services"][other]
            assert how["condition"] != "service_healthy" or "healthcheck" in waited_for, name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in made["volumes"] or (DEPLOY / source).exists(), name
    database = made["services"]["postgres"]["environment"]
    address = made["services"]["web"]["environment"]["DATABASE_URL"]
    assert f"{database['POSTGRES_USER']}:" in address
    assert address.endswith(f"@postgres/{database['POSTGRES_DB']}")


def test_the_proxy_passes_on_to_where_the_containers_listen() -> None:
    services = compose()["services"]
    for name in ("web", "live"):
        command = services[name]["command"]
        port = command[command.index("--port") + 1]
        assert services["proxy"]["environment"][f"{name.upper()}_ADDRESS"] == f"{name}:{port}"
    assert f":{8000}/healthz" in services["web"]["healthcheck"]["test"][-1]


def test_the_image_has_what_its_commands_need() -> None:
    """Its steps name files that there are, and each program is one of the locked packages or Python."""
    steps = (DEPLOY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) ", steps, re.MULTILINE)
    assert copied
    assert all((DEPLOY.parent / source).exists() for source in copied)
    locked = (DEPLOY.parent / "requirements" / "base.txt").read_text()
    programs = {service["command"][0] for service in compose()["services"].values() if "build" in service}
    assert programs == {"python", "granian", "uvicorn", "celery"}
    assert all(re.search(rf"^{name}(\[.*\])?==", locked, re.MULTILINE) for name in programs - {"python"})
    assert (DEPLOY.parent / "config" / "management" / "commands" / "prepare.py").exists()
    home = re.search(r"QUADRILLE_DATA=(\S+)", steps)
    assert home is not None
    assert f"data:{home[1]}" in compose()["services"]["web"]["volumes"]
    wanted = re.search(r"^FROM python:3\.(\d+)-", steps, re.MULTILINE)
    assert wanted is not None
    assert int(wanted[1]) >= 11


def test_nginx_names_the_host_wherever_it_passes_on() -> None:
    """A location that sets a header of its own inherits none of those around it."""
    blocks = re.findall(r"location [^{]*\{([^}]*)\}", (DEPLOY / "nginx.conf").read_text())
    passing = [block for block in blocks if "proxy_pass" in block]
    assert len(passing) == 2
    for block in passing:
        for header in ("Host $host", "X-Forwarded-Host $host", "X-Forwarded-Proto $scheme", "X-Forwarded-For $remote"):
            assert f"proxy_set_header {header}" in block
