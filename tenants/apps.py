"""The app's start: how its connections bind integers and count statements, and what is checked of the settings."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from psycopg.types.numeric import Int8Dumper

from tenants.database import count_statement


class TenantsConfig(AppConfig):
    name = "tenants"
    # Above its pages in the console.
    verbose_name = "Administration"

    def ready(self) -> None:
        from tenants import checks  # noqa: F401 - registers them

        connection_created.connect(_bind_all_integers_alike)
        connection_created.connect(_count_statements)


def _bind_all_integers_alike(connection: Any, **_: Any) -> None:
    # psycopg sends an int as the smallest type that holds it; a statement would be prepared once for each mixture.
    connection.connection.adapters.register_dumper(int, Int8Dumper)


def _count_statements(connection: Any, **_: Any) -> None:
    # Sent for each new connection to PostgreSQL, also for one that replaces another.
    if count_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(count_statement)
