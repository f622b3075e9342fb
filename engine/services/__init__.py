"""What can be done with instances: one file per subject. Services own their transactions.

Everything that changes an instance goes through `advancing`: one unit of work for a batch of instances, whatever wants
the change (a finished attempt, a timer, an event, a person). Not in this room: what a fact changes (`engine.core`), how
a task kind runs (`engine.steps`), SQL (`engine.storage`), loops and threads (`engine.runners`).
"""
