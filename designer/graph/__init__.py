"""The pure flow graph: what a flow is, how it may change, what is wrong with it, and the plan an engine runs.

In this room: frozen values and functions over them. Not in this room: Django, the clock, random numbers, drawing,
running.

| about | files |
|---|---|
| what a flow is | `model`, `durations`, `paths` (into an instance's data) |
| what can be set | `fields`, `values` (does it fit?), `kinds/`, `actions/`, `flow_fields`, `json_schemas` |
| as text | `codec` (`decoding`, `encoding`), `loading` (JSON, YAML), `schema`, `upgrades` |
| changing it | `edits/`, `rules` (may this happen?) |
| what is wrong | `checks/`, `references`, `cel` |
| what differs | `diff` |
| running it | `lowering` (phases and the trigger), `plan`, `conditions` |
"""
