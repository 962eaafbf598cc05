"""Is it safe to serve like this? `manage.py check --deploy --database default` asks, and `serve` before it starts.

Ids never change their meaning. Errors keep `serve` from starting; SILENCED_CHECKS takes the ids of those that do not
apply to you. Settings: E001 to E099 and W001 to W099. The database: E100 and W101 onwards.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags
from django.db import OperationalError, connections

from bricqs import embedded, logs
from bricqs.env import is_private

SECRET_KEY_LENGTH_MIN = 32
METRICS_TOKEN_LENGTH_MIN = 16
POSTGRESQL_VERSION_MIN = 15
# Beside the web's threads: commands, the console of whoever looks into a fault, monitoring.
SPARE_CONNECTIONS = 10

_TIMEOUT = re.compile(r"[1-9][0-9]*(ms|s|min)?", re.ASCII)


def register() -> None:
    checks.register(settings_are_safe, Tags.security)
    checks.register(several_machines_agree, Tags.security, deploy=True)
    checks.register(demo_is_private, Tags.security, deploy=True)
    checks.register(database_is_safe, Tags.database)


def settings_are_safe(app_configs: Any, **_: Any) -> list[CheckMessage]:
    return [*_access(), *_secrets(), *_values()]


def several_machines_agree(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """What each process or machine has for itself, where others seem to share a database with it."""
    if embedded.is_used():
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY_IS_GENERATED:
        hint = "Set SECRET_KEY, to the same value on all machines."
        found.append(
            checks.Warning("The secret key was made up on this machine; others cannot know it.", hint, id="bricqs.W001")
        )
    if not settings.CACHE_URL:
        hint = "Set CACHE_URL to a Redis that all machines reach."
        found.append(checks.Warning("Each process limits calls by address for itself.", hint, id="bricqs.W002"))
    return found


def demo_is_private(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """It has an administrator, and keys that may do everything."""
    if not settings.SEED_DEMO or (embedded.is_used() and _is_private()):
        return []
    hint = "Set SEED_DEMO=false."
    return [checks.Warning("The demo, with its keys, is made where others can use it.", hint, id="bricqs.W003")]


def database_is_safe(app_configs: Any, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The server that keeps the ledger, and what of DATABASE_URL reached it."""
    return [message for alias in databases or () for message in _database(alias)]


def _is_private() -> bool:
    return is_private(settings.SERVE_HOST, settings.ALLOWED_HOSTS)


def _access() -> Iterator[CheckMessage]:
    hosts = set(settings.ALLOWED_HOSTS)
    if settings.DEBUG and not _is_private():
        hint = "Unset DEBUG, or let HOST and ALLOWED_HOSTS name this machine alone."
        yield Error("DEBUG shows settings and source code to whoever causes a fault.", hint, id="bricqs.E001")
    if "*" in hosts:
        hint = "Name the hosts that clients use: ALLOWED_HOSTS=points.example.com"
        yield Error("ALLOWED_HOSTS takes any host, so a link to the console can lead anywhere.", hint, id="bricqs.E002")


def _secrets() -> Iterator[CheckMessage]:
    if len(settings.SECRET_KEY) < SECRET_KEY_LENGTH_MIN or len(set(settings.SECRET_KEY)) < 8:
        hint = f"Use {SECRET_KEY_LENGTH_MIN} random characters or more."
        yield Error("SECRET_KEY can be guessed.", hint, id="bricqs.E003")
    if settings.SECRET_KEY_IS_GENERATED and settings.CACHE_URL:
        hint = "Set SECRET_KEY, to the same value on all machines."
        yield Error("CACHE_URL is for several machines, but each makes up a secret key.", hint, id="bricqs.E004")
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < METRICS_TOKEN_LENGTH_MIN:
        hint = f"Use {METRICS_TOKEN_LENGTH_MIN} random characters or more."
        yield Error("METRICS_TOKEN can be guessed.", hint, id="bricqs.E005")


def _values() -> Iterator[CheckMessage]:
    if not _TIMEOUT.fullmatch(settings.LOCK_TIMEOUT):
        message = f"LOCK_TIMEOUT is no time, or is endless: {settings.LOCK_TIMEOUT!r}."
        yield Error(message, "Write a number and a unit, such as 5s or 500ms.", id="bricqs.E006")
    if settings.LOG_LEVEL not in logging.getLevelNamesMapping():
        message = f"LOG_LEVEL is not known: {settings.LOG_LEVEL!r}."
        yield Error(message, "Use DEBUG, INFO, WARNING or ERROR, or leave it out.", id="bricqs.E008")
    if settings.LOG_FORMAT not in logs.STYLES:
        message = f"LOG_FORMAT is not known: {settings.LOG_FORMAT!r}."
        yield Error(message, "Use json or console, or leave it out.", id="bricqs.E007")


def _database(alias: str) -> Iterator[CheckMessage]:
    try:
        show = _shown(alias)
    except OperationalError as error:
        yield Error(f"The database cannot be reached: {error}", id="bricqs.E100")
        return
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if show[name] == "off":
            message = f"PostgreSQL's {name} is off: awards that were acknowledged can be lost."
            yield Error(message, f"ALTER SYSTEM SET {name} = on", id="bricqs.E101")
    if int(show["server_version_num"]) < POSTGRESQL_VERSION_MIN * 10_000:
        message = f"PostgreSQL {show['server_version']} is too old."
        yield Error(message, f"Use version {POSTGRESQL_VERSION_MIN} or newer.", id="bricqs.E102")
    if show["server_encoding"] != "UTF8":
        message = f"The database's encoding is {show['server_encoding']}."
        yield Error(message, "Create it with ENCODING 'UTF8'.", id="bricqs.E103")
    if show["lock_timeout"] == "0" or show["plan_cache_mode"] != "force_generic_plan":
        hint = "Leave `options` out of DATABASE_URL, and use no pooler that drops it."
        yield Error("The connection's settings did not reach PostgreSQL.", hint, id="bricqs.E104")
    reserved = int(show["superuser_reserved_connections"])
    needed = settings.WEB_WORKERS * settings.WEB_THREADS + SPARE_CONNECTIONS
    if (free := int(show["max_connections"]) - reserved) < needed:
        message = f"This machine's web needs up to {needed} connections; PostgreSQL has {free}."
        yield checks.Warning(message, "Raise max_connections, or lower WEB_THREADS.", id="bricqs.W101")


def _shown(alias: str) -> dict[str, str]:
    names = (
        *("fsync", "full_page_writes", "synchronous_commit", "server_version", "server_version_num"),
        *("server_encoding", "lock_timeout", "plan_cache_mode", "max_connections", "superuser_reserved_connections"),
    )
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(names)])
        return dict(cursor.fetchall())
