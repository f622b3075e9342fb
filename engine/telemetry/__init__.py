"""What the engine tells those who watch it: metrics, traces, and which step a line of the log is about.

All of it is off until it is turned on (`engine.apps`), and costs one look at a flag then. Nothing is decided here.
"""
