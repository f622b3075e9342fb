"""`unit` (no database), `integration` (SQLite and PostgreSQL), `acceptance` (a real browser), `js` (node --test)."""
