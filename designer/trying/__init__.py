"""What flows are tried with: the sample input and the cases of each.

Not in this room: what a case looks like (`designer.graph.trials`), what runs it (`engine.sandbox`).
"""
