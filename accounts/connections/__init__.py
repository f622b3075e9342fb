"""Connections: other services that an environment's flows may ask, each with its address and its sealed secret.

So far of one type: an agent behind an OpenAI-compatible HTTP endpoint (`chat.py` speaks to it).
"""
