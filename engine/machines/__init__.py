"""The processes at work on this database: each writes down now and then that it is there, and how it is doing.

For people who look (`engine.parts.system`). Nothing is decided by it: who may do what is a matter of leases.
"""
