"""Takes the turns of a flow written as code; how, is in `engine.scripts`."""

from __future__ import annotations

from engine.scripts.executors import ProgramExecutor

EXECUTOR = ProgramExecutor()
