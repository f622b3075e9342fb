"""WHAT a flow is, and drawing it. Knows nothing of running."""
