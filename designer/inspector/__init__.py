"""The forms beside the editor's canvas: made from the fields that kinds, actions and triggers declare, and read back into edits.

Not in this room: what the fields are (`designer.graph.kinds`), how they look (`templates/designer/editor`).
"""
