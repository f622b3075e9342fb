"""What flows are about, and what they call upon by name: entities, automations, journeys.

An entity is a record of a schema (a contract, a customer) that the contexts of instances refer to, decisions read, and
flows write back to. An automation is a named list of actions that tasks run. A journey is a form page that starts a
flow or completes a task. Not in this room: who asks for them over the wire (`dialects`).
"""
