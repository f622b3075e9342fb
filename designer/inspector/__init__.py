"""The forms beside the editor's canvas: made from declared fields, and read back into edits.

Not in this room: what the fields are (`designer.graph.kinds`), how they look (`templates/designer/editor`).
"""
