"""Cloudflare Workflows' REST API over our flows, versions and instances: one workflow is one published flow.

The vendor's words (workflow, step_do, waitForEvent, terminated…) end at this room's wall. `README.md` says what is
where, and which operation works through which SDK.
"""
