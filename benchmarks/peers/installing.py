"""An environment of its own for each peer, made when it is missing or its pins have changed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
ENVIRONMENTS = BENCHMARKS.parent / ".bench"


def peer_python(peer: str) -> Path:
    """The Python of `.bench/<peer>`, holding exactly what `requirements-<peer>.txt` pins.

    Raises `subprocess.CalledProcessError` when it cannot be installed; pip has then said why.
    """
    pins = BENCHMARKS / f"requirements-{peer}.txt"
    folder = ENVIRONMENTS / peer
    python, mark = folder / "bin" / "python", folder / "pins"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    if not python.exists() or not mark.exists() or mark.read_text() != digest:
        print(f"installing {peer} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        quiet = ["-qq", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        subprocess.run([python, "-m", "pip", "install", *quiet, "-r", pins], check=True)
        mark.write_text(digest)
    return python
