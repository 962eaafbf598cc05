"""What Prometheus is told: of requests by whoever answered them, of the database when somebody asks.

Labels are few and bounded: patterns of paths, never paths; no tenants, no participants. Several processes share their
numbers through a folder of files, see `share`.
"""

import hmac
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from gamify.queries import backlog
from tenants.database import with_fresh_connection
from tenants.telemetry import Notes

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics_core import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
# An award takes some milliseconds; one that waits for its participant's lock gives up after LOCK_TIMEOUT.
SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def metrics(request: HttpRequest) -> HttpResponse:
    """Closed without METRICS_TOKEN: behind a proxy, no address tells who is asking."""
    if not settings.METRICS_TOKEN:
        detail = "Metrics are closed. Set METRICS_TOKEN, and send it as Authorization: Bearer."
        return JsonResponse({"detail": detail, "code": "not_found"}, status=404)
    given = request.META.get("HTTP_AUTHORIZATION", "").encode()
    if not hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        refusal = {"detail": "Send METRICS_TOKEN as Authorization: Bearer.", "code": "unauthorized"}
        return JsonResponse(refusal, status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def observe(*, method: str, route: str, status: int, notes: Notes, seconds: float) -> None:
    """Count an answered request."""
    known, dialect = _instruments(), notes.dialect or "none"
    count_of, seconds_of = _of_route(method if method in METHODS else "other", route, status)
    count_of.inc()
    seconds_of.observe(seconds)
    if notes.refusal:
        known.refusals.labels(dialect, notes.refusal).inc()
    if notes.replays:
        known.replays.labels(dialect).inc(notes.replays)
    for kind, count in notes.entries.items():
        entries, points = _of_kind(dialect, kind)
        entries.inc(count)
        points.inc(notes.points[kind])


def share(folder: Path) -> None:
    """Let the processes that will be forked share their numbers in `folder`, which is emptied: they count from zero.

    Where PROMETHEUS_MULTIPROC_DIR is set already, that is the folder, and emptying it is up to whoever set it.
    """
    if not os.environ.get(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.environ[FOLDER] = str(folder)


@dataclass(frozen=True)
class _Instruments:
    registry: "CollectorRegistry"
    requests: "Counter"
    seconds: "Histogram"
    refusals: "Counter"
    replays: "Counter"
    entries: "Counter"
    points: "Counter"


@cache
def _instruments() -> _Instruments:
    # Not imported before the first request: whether processes share their numbers is decided by the import.
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()

    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(f"bricqs_{name}", text, labels, registry=registry)

    return _Instruments(
        registry=registry,
        requests=counter("requests", "Requests answered", "method", "route", "status"),
        seconds=Histogram(
            "bricqs_request_seconds", "Until answered", ["method", "route"], registry=registry, buckets=SECONDS
        ),
        refusals=counter("refusals", "Calls refused, by the code of the answer", "dialect", "code"),
        replays=counter("replays", "Operations that repeated an earlier outcome", "dialect"),
        entries=counter("entries", "Ledger entries written by calls", "dialect", "kind"),
        points=counter("points", "Points in these entries", "dialect", "kind"),
    )


@lru_cache(maxsize=4096)
def _of_route(method: str, route: str, status: int) -> "tuple[Counter, Histogram]":
    # Kept, as every request asks, and finding them takes longer than counting.
    known = _instruments()
    return known.requests.labels(method, route, str(status)), known.seconds.labels(method, route)


@lru_cache(maxsize=256)
def _of_kind(dialect: str, kind: str) -> "tuple[Counter, Counter]":
    known = _instruments()
    return known.entries.labels(dialect, kind), known.points.labels(dialect, kind)


def _registry() -> "CollectorRegistry":
    """What all processes counted, and what the database says now."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # prometheus_client has no types here
    else:
        registry.register(_instruments().registry)
    registry.register(_Database())
    return registry


class _Database:
    """Read at each scrape, in bounded time."""

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.metrics_core import GaugeMetricFamily as Gauge

        try:
            now = with_fresh_connection(partial(backlog.read, now=timezone.now()))
        except DatabaseError:
            # The next call connects anew, instead of trying the broken connection once more.
            connection.close()
            yield Gauge("bricqs_database_up", "Whether the database answered in time", 0)
            return
        yield Gauge("bricqs_database_up", "Whether the database answered in time", 1)
        yield Gauge("bricqs_expiry_due", f"Lots due, up to {backlog.COUNT_MAX} of each points system", now.due)
        yield Gauge("bricqs_expiry_lag_seconds", "For how long the oldest of them has been due", now.due_seconds)
        text = f"Facts written and not yet shown, up to {backlog.COUNT_MAX} of each tenant"
        yield Gauge("bricqs_facts_held_back", text, now.held_back)
        yield Gauge("bricqs_facts_held_back_seconds", "Age of the oldest of them", now.held_back_seconds)
        stored = Gauge("bricqs_rows", "Rows stored, as PostgreSQL estimates them", labels=["table"])
        for table, rows in now.rows.items():
            stored.add_metric([table], rows)
        yield stored
