"""Doors of the designer: one file per subject."""
