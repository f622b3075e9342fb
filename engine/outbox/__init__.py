"""Telling the outside what happens to instances: webhooks, the Redis stream, rooms above this one.

A message is written in the transaction of the facts it tells of (`engine.services.writing`), and only where somebody
wants to know (`wishes.py`). `dispatching.py` gives each message, in order, to the endpoints that ask for its type;
`delivering.py` posts them, signed as Standard Webhooks says, again and again until they are taken, in order for each
instance. `streaming.py` speaks to Redis, both ways.
"""
