"""Novu's API on the wire: workflows are our flows, their steps our tasks, triggers start one instance per subscriber.

In this room: what Novu says in its own words, its ids and slugs, and what of a workflow our flows cannot hold. Not in
it: sending (`engine.notifying`), running (`engine`), drawing (`designer`).
"""
