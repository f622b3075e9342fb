"""Planned switches: a flow is enabled or disabled at a moment that somebody chose beforehand."""
