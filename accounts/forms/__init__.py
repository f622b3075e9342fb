"""Forms of this room, a file per subject."""
