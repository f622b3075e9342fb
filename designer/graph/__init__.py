"""The pure flow graph: what a flow is, how it may change, what is wrong with it, and the plan an engine runs.

In this room: frozen values and functions over them. Not in this room: Django, the clock, random numbers, drawing,
running.
"""
