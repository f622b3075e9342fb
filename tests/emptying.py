"""What a test has committed goes: every row of every table, but for those that migrating makes.

Django's own way, `flush`, truncates all tables, which on PostgreSQL writes some hundreds of files anew, and then makes
the permissions of all models again: that takes longer than most of these tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, transaction

MADE_BY_MIGRATING = {"django_content_type", "auth_permission"}


@cache
def _question() -> str:
    """SQL that answers the names of the tables with something in them: one way to the server for all of them."""
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    asked = [
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 names of our own tables
        for name in sorted(names - MADE_BY_MIGRATING)
    ]
    return " UNION ALL ".join(asked)


def empty_tables(_: Any = None) -> None:
    """Delete what is in the tables, in one transaction: at its end no reference leads nowhere, whatever their order."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_question())
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
