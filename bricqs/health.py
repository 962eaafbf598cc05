"""For load balancers and container runtimes: is this process alive, and can it serve?"""

from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from tenants.database import with_fresh_connection

_migrated = False


def healthz(request: HttpRequest) -> JsonResponse:
    """The process alone: restarting it would not mend a database."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 where the database answers and has all migrations; 503 that says which of them is missing."""
    try:
        with_fresh_connection(_ask)
        migrated = _is_migrated()
    except (OperationalError, InterfaceError):
        # The next call connects anew, instead of trying the broken connection once more.
        connection.close()
        return _unavailable(database="unreachable", migrations="unknown")
    if not migrated:
        return _unavailable(database="ok", migrations="unapplied")
    return JsonResponse({"status": "ok"})


def _ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _is_migrated() -> bool:
    # Remembered once true, because it reads every migration file; code and migrations arrive in one start.
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _unavailable(*, database: str, migrations: str) -> JsonResponse:
    return JsonResponse({"status": "unavailable", "database": database, "migrations": migrations}, status=503)
