"""Who may do what, and where: organizations, environments, members and roles, API keys, the audit log.

Also the doors to the outside that every other room uses: clean JSON (`clean_json`), outbound HTTP (`outbound`).
Nothing here knows what a flow is.
"""
