"""The engine's pure decisions: facts in, commands out.

In this room: what a fact changes (`advance`), how often an attempt is repeated, when something is due, templates. Not
in this room: the database, the clock (`now` is passed in), Django, Celery, Channels.
"""
