"""What people say to one another about a flow and its tasks: threads, mentions, and what is told to who is mentioned.

Not in this room: how it looks (`designer.discussion`, `designer.views.comments`), and mail (`engine.mentioning`).
"""
