"""`manage.py serve`, the whole of Quadrille in one process, as a person gives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.prepared import copy_folder
from tests.servers import await_port, free_port

ROOT = Path(__file__).resolve().parents[3]
SERVERS = ("DATABASE_URL", "REDIS_URL", "QUADRILLE_DATA", "QUADRILLE_MODE", "DJANGO_SETTINGS_MODULE")


def test_the_command_serves_what_its_folder_holds_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    data, port, log = tmp_path / "data", free_port(), tmp_path / "log"
    copy_folder(data)
    environment = {name: value for name, value in os.environ.items() if name not in SERVERS}
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--data", str(data)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        await_port(process, port, log)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code == 200
        assert (data / "quadrille.sqlite3").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
