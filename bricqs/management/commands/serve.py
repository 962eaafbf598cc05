"""`manage.py serve`: migrates, seeds the demo, and serves until Ctrl-C or SIGTERM."""

import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server
from granian.server.common import AbstractServer

from bricqs import logs, metrics
from bricqs.env import is_private
from bricqs.wsgi import application

# Threads keep their database connections until they end; ten idle minutes are the most that Granian allows.
THREAD_IDLE_SECONDS_MAX = 600
# Per worker, idle ones included; more wait to be accepted. WEB_THREADS requests of theirs run at once.
CONNECTIONS_MAX = 1024
# Requests that take longer to end are cut off and so rolled back. Container runtimes kill after ten.
STOP_SECONDS_MAX = 8
# How soon the workers of a killed server go too, and free the port for the next.
ORPHAN_SECONDS_MAX = 1
# Of several servers that start on one database, each waits this long for the one that migrates.
MIGRATION_WAIT = "300s"
# Any number, as long as nothing else locks it.
MIGRATION_LOCK = 0x62726963
ANNOUNCE_SECONDS_MAX = 60


class Command(BaseCommand):
    help = "Migrates, seeds the demo (SEED_DEMO), and serves on HOST and PORT with WEB_WORKERS and WEB_THREADS."

    # `_refuse_what_is_unsafe` runs them.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGINT, _exit)
        signal.signal(signal.SIGTERM, _exit)
        port = settings.SERVE_PORT
        host = _free_host(name=settings.SERVE_HOST, port=port)
        self._refuse_what_is_unsafe()
        self._prepare_database()
        metrics.share(settings.DATA_DIR / "metrics" / str(port))
        server = Server(
            "bricqs.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=settings.WEB_WORKERS,
            blocking_threads=settings.WEB_THREADS,
            blocking_threads_idle_timeout=THREAD_IDLE_SECONDS_MAX,
            backpressure=CONNECTIONS_MAX,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS_MAX,
            log_level=LogLevels.error,
            log_dictconfig=logs.GRANIAN,
        )
        # A closed terminal stops the server as well; Granian would restart the workers.
        server.on_startup(lambda: signal.signal(signal.SIGHUP, server.signal_handler_interrupt))
        threading.Thread(target=self._announce, args=(server,), daemon=True).start()
        server.serve(target_loader=_load_application)

    def _refuse_what_is_unsafe(self) -> None:
        """Raises SystemCheckError. Warnings go to stderr: those for production where others can connect."""
        self.check(include_deployment_checks=not is_private(settings.SERVE_HOST, settings.ALLOWED_HOSTS))
        # After the settings, whose faults can keep the database from being reached.
        self.check(tags=[Tags.database], databases=["default"])

    def _prepare_database(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [MIGRATION_WAIT])
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            # While a migration waits for a table, everybody else waits behind it.
            cursor.execute("RESET lock_timeout")
        call_command("migrate", verbosity=0, interactive=False)
        if settings.SEED_DEMO:
            call_command("seed_demo")
        # Also gives the lock back. Workers are forks: they must not share a connection, nor unwritten output.
        connections.close_all()
        self.stdout.flush()

    def _announce(self, server: AbstractServer[Any]) -> None:
        """Says so once requests are answered. Until all workers are forked, it does nothing but sleep."""
        deadline = time.monotonic() + ANNOUNCE_SECONDS_MAX
        while time.monotonic() < deadline:
            time.sleep(0.02)
            if len(server.wrks) == server.workers and _answers(host=server.bind_addr, port=server.bind_port):
                address = _address(host=server.bind_addr, port=server.bind_port)
                self.stdout.write(f"Serving on http://{address}")
                self.stdout.flush()
                return


def _load_application(target: str) -> WSGIHandler:
    """Runs in each worker, right after its fork."""
    # The parent passes signals on. Workers that also got them from the terminal were seen to lock up until
    # killed: Granian's handler does not bear to be interrupted by itself.
    os.setpgid(0, 0)
    # Until that handler is in place; the parent's, inherited, would only set a flag.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    return application


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_SECONDS_MAX)
    os.kill(os.getpid(), signal.SIGTERM)


def _free_host(*, name: str, port: int) -> str:
    """The address of a host by name. Refuses a port in use, which Granian's sockets would silently share."""
    try:
        host = name if ":" in name else socket.gethostbyname(name)
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OverflowError as error:
        raise CommandError(f"PORT is no port: {port}") from error
    except OSError as error:
        raise CommandError(f"Cannot serve on {_address(host=name, port=port)}: {error.strerror}") from error
    return host


def _answers(*, host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _address(*, host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _exit(signal_number: int, frame: FrameType | None) -> None:
    """Before Granian takes over: leave in order, so that the database is stopped too."""
    sys.exit(0)
