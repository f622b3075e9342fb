"""Trying a flow: the very core, executors and renderer that run instances, in memory, with nothing going out.

`running` drives one try on a clock of its own; `outcomes` says what comes of its steps, with `kinds` in place of the
executors that reach outside; `cases` runs the flow's tests; `recorded` makes answers of what real instances got. Only
the latter reads the database.

Not in this room: what a case looks like (`designer.graph.trials`), where cases are kept (`designer.trying`).
"""
