"""RUNNING flows, durably. Knows the designer."""
