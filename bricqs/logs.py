"""How log lines look: one JSON object each, or, on a terminal, a line for people.

Whoever logs uses `logging`, with what machines are to read in `extra`, under one of the names in FIELDS. What was bound
to a request, such as its id, is in all its lines. No line holds a key, a body or a participant's id: what Django and
PostgreSQL would say of them is taken out here.
"""

import logging
import os
import re
import select
import sys
import threading
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

STYLES = ("", "json", "console")
# Of `extra`, these are shown and nothing else: Django, for one, adds the request itself, with its path.
FIELDS = (
    "method",
    "route",
    "status",
    "duration_ms",
    "statements",
    "tenant",
    "tenant_id",
    "refusal",
    "entries",
)
# For Granian, which would print lines of its own form: what its workers say goes where all else does.
GRANIAN = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}

# What PostgreSQL says of the row that broke a constraint: ids, reasons, metadata.
_ROW = re.compile(r"(DETAIL:  (?:Failing row contains|Key)).*?(?=\n\nThe above|\n\nDuring handling|\Z)", re.DOTALL)

# What Django says of a form that was sent from elsewhere: the page's host, and the rest of its address.
_PAGE = re.compile(r"(checking failed - \w+://[^/?#]*).*( does not match)")


def config(*, style: str, level: str) -> dict[str, Any]:
    """Django's LOGGING. `style`: one of STYLES, where nothing stands for console on a terminal and json elsewhere."""
    is_console = style == "console" or (not style and sys.stdout.isatty())
    # A check refuses to serve with any other; it can only say so if there is a log.
    level = level if level in logging.getLevelNamesMapping() else "INFO"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"routes": {"()": RoutesForPaths}, "faults": {"()": FaultsOnly}},
        "formatters": {"line": {"()": Line, "is_console": is_console}},
        # On stderr, as stdout is for what commands say; see `to_stdout`.
        "handlers": {"console": {"class": "bricqs.logs.LineHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR", "filters": ["faults", "routes"]},
            # Whether a trusted origin is missing in the settings is in these lines alone.
            "django.security.csrf": {"filters": ["routes"]},
            # Strangers who ask for another host get a 400 and a request line, not a traceback each.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }


def to_stdout() -> None:
    """From now on to stdout, where container runtimes expect what a server says."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LineHandler):
            handler.setStream(sys.stdout)


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes each line at once, and short ones without a lock. A thread that held one while it wrote had to wait for
    Python afterwards, and all the others meanwhile for it: a fifth of the time of a page of transactions."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._long_line = threading.Lock()

    def handle(self, record: logging.LogRecord) -> bool:
        if is_shown := bool(self.filter(record)):
            self.emit(record)
        return is_shown

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            # So many bytes a pipe takes in one piece. Longer ones, which are rare, must not be cut by others.
            if len(line) <= select.PIPE_BUF and not self._long_line.locked():
                self._write(line)
            else:
                with self._long_line:
                    self._write(line)
        except Exception:
            self.handleError(record)

    def _write(self, rest: bytes) -> None:
        while rest:
            rest = rest[os.write(self.stream.fileno(), rest) :]


class Line(logging.Formatter):
    """A record, rendered by structlog, whose own formatter copies each record first: half as long again a line."""

    def __init__(self, *, is_console: bool) -> None:
        super().__init__()
        # On a terminal not the tracebacks that structlog prefers: they show local variables, and so keys and bodies.
        self._render: Processor = (
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if is_console
            else structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
        )

    def format(self, record: logging.LogRecord) -> str:
        given = record.__dict__
        moment = datetime.fromtimestamp(record.created, tz=UTC)
        event = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            **structlog.contextvars.get_contextvars(),
            **{name: given[name] for name in FIELDS if name in given},
        }
        if record.exc_info:
            # Which constraint was broken stays, and by what goes.
            event["exception"] = _ROW.sub(r"\1 …", self.formatException(record.exc_info))
        return str(self._render(None, record.levelname.lower(), event))


class RoutesForPaths(logging.Filter):
    """Of what Django says of requests: the route in the place of the path, and of the page that sent it the host alone.
    Paths hold ids of participants and of sessions, and whatever a stranger asks for."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            match = request.resolver_match
            route = match.route if match else "(no route)"
            # As Django writes what it logs.
            path = request.path.encode("unicode_escape").decode("ascii")
            shown = (route if each == path else each for each in record.args)
            # A number stays one, as the message may want it so.
            record.args = tuple(_PAGE.sub(r"\1\2", each) if isinstance(each, str) else each for each in shown)
        return True


class FaultsOnly(logging.Filter):
    """Of what Django says of requests: what has a traceback. Answers, such as a 503 that was meant, have their line
    already."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)
