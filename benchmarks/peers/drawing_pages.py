"""The peers' pages: built by Vite into `.bench/drawing/dist` and served from there as plain files."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.drawing import Drawn
from benchmarks.peers.installing import ENVIRONMENTS

SOURCE = Path(__file__).resolve().parent / "drawing"
FOLDER = ENVIRONMENTS / "drawing"
ELSEWHERE = "elsewhere.html"
"""A page beside theirs, from which one comes to them."""


def build_pages(flows: Iterable[Drawn]) -> Path:
    """Install the pinned packages, build both pages, lay the flows beside them. Answers the folder to serve.

    Raises `subprocess.CalledProcessError` when npm cannot install or Vite cannot build.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock, installed = SOURCE / "package-lock.json", FOLDER / "installed-lock.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, FOLDER / name)
        print(f"installing xyflow and bpmn-js into {FOLDER}", file=sys.stderr)
        subprocess.run(["npm", "install", "--no-save", "--ignore-scripts", "--loglevel=error"], cwd=FOLDER, check=True)
        shutil.copy(lock, installed)
    for page in [*SOURCE.glob("*.html"), *SOURCE.glob("*.js"), *SOURCE.glob("*.jsx")]:
        shutil.copy(page, FOLDER / page.name)
    built = subprocess.run(["npx", "vite", "build"], cwd=FOLDER, capture_output=True, text=True, check=False)
    if built.returncode:
        raise subprocess.CalledProcessError(built.returncode, built.args, built.stdout, built.stderr)
    pages = FOLDER / "dist"
    _write_elsewhere(pages)
    for flow in flows:
        (pages / f"graph-{len(flow.tasks)}.json").write_text(flow.nodes_and_edges)
        (pages / f"graph-{len(flow.tasks)}.bpmn").write_text(flow.bpmn)
    return pages


def _write_elsewhere(folder: Path) -> None:
    (folder / ELSEWHERE).write_text('<!doctype html><html lang="en"><title>Elsewhere</title><h1>Elsewhere</h1></html>')


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a plain file server; gone afterwards."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def another_site() -> Iterator[str]:
    """The address of a page that no browser takes for a page of `127.0.0.1`; gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        _write_elsewhere(Path(folder))
        with served(Path(folder)) as address:
            yield f"{address.replace('127.0.0.1', 'localhost')}/{ELSEWHERE}"
