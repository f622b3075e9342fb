"""Executions: instances of ours as the vendor's clients see and steer them.

`documents`, `following`, `statuses` and `due_dates` are pure; the others change things.
"""
