"""Flows as code: a Python class whose `async def run(self, event, step)` asks for its steps as it goes.

`sources` finds scripts and knows them by the hash of their source; `workers` is what scripts import; `replay` runs a
program over what has come of its steps so far; `executors` are its doors to the engine. How a program's steps live in
the marking is in `engine.core.programs`; why it is so, in `docs/decisions/`.
"""
