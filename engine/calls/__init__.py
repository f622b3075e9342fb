"""Instances that called others: who called whom, and the messages between them that are yet to be delivered.

Not in this room: when a step calls (`engine.steps.call`), how messages are delivered (`engine.services.calls`).
"""
