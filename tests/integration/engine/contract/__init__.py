"""The storage contract: what the engine may rely on, the same on SQLite and (`python -m tests.postgres`) PostgreSQL."""
