"""The vendors' own SDKs, unmodified, against a live server."""
