"""The doors of the orchestration API."""
