"""Notifying people: subscribers, topics, what they prefer, messages and how these are delivered; digests and throttles.

Not in this room: when a step runs (`engine.steps` calls in here), starting instances for subscribers
(`engine.services.notifications`), and the words of any vendor.
"""
