"""What keeps an unsafe configuration from being served. Ids are stable: whoever silenced one relies on its meaning."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.checks import CheckMessage, Tags, run_checks
from django.db import connection
from psycopg import sql

from bricqs import checks
from bricqs.env import PROJECT_DIR

SECONDS_MAX = 60
LONG = "correct-horse-battery-staple-0123456789"
# As in a container.
EVERYWHERE = "0.0.0.0"
# What docs/operations.md tells whoever deploys to set.
PRODUCTION = {
    "SECRET_KEY": "0aZ!1bY?2cX-3dW_4eV.5fU,6gT;7hS:8iR(9jQ)0kP[1lO]2mN",
    "ALLOWED_HOSTS": "points.example.com",
    "HTTPS": "true",
    "CACHE_URL": "redis://127.0.0.1:6379/0",
    "HOST": EVERYWHERE,
    "METRICS_TOKEN": LONG,
}


@pytest.fixture
def settings(settings: Any) -> Any:
    settings.SERVE_HOST, settings.ALLOWED_HOSTS = "127.0.0.1", ["localhost", "127.0.0.1", "[::1]"]
    settings.SECRET_KEY = LONG
    settings.SECRET_KEY_IS_GENERATED, settings.CACHE_URL, settings.METRICS_TOKEN = True, "", ""
    settings.SEED_DEMO = False
    return settings


def ids(**options: Any) -> set[str]:
    return {own(message) for message in run_checks(**options)} - {""}


def own(message: CheckMessage) -> str:
    return message.id if message.id and message.id.startswith("bricqs.") else ""


def test_a_first_run_on_ones_own_machine_is_fine(settings: Any) -> None:
    assert ids() == set()


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"DEBUG": True, "SERVE_HOST": EVERYWHERE}, "bricqs.E001"),
        ({"DEBUG": True, "ALLOWED_HOSTS": ["points.example.com"]}, "bricqs.E001"),
        ({"ALLOWED_HOSTS": ["*"]}, "bricqs.E002"),
        ({"SECRET_KEY": "short"}, "bricqs.E003"),
        ({"SECRET_KEY": "ab" * 30}, "bricqs.E003"),
        ({"CACHE_URL": "redis://cache"}, "bricqs.E004"),
        ({"METRICS_TOKEN": "short"}, "bricqs.E005"),
        ({"LOCK_TIMEOUT": "0"}, "bricqs.E006"),
        ({"LOCK_TIMEOUT": "a while"}, "bricqs.E006"),
        ({"LOG_FORMAT": "xml"}, "bricqs.E007"),
        ({"LOG_LEVEL": "VERBOSE"}, "bricqs.E008"),
    ],
)
def test_unsafe_setting_is_an_error(settings: Any, changes: dict[str, Any], id: str) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert ids() == {id}
    assert all(message.is_serious() for message in run_checks() if own(message))


@pytest.mark.parametrize(
    "changes",
    [
        {"DEBUG": True},
        {"ALLOWED_HOSTS": ["points.example.com"], "SERVE_HOST": EVERYWHERE},
        {"CACHE_URL": "redis://cache", "SECRET_KEY_IS_GENERATED": False},
        {"METRICS_TOKEN": LONG},
        {"LOCK_TIMEOUT": "500ms"},
    ],
)
def test_safe_neighbours_of_unsafe_settings_are_none(settings: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert ids() == set()


def test_what_machines_with_one_database_must_agree_on_is_a_warning_for_production(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SEED_DEMO = True
    monkeypatch.setattr("bricqs.embedded._is_used", False)
    assert ids() == set()
    assert ids(include_deployment_checks=True) == {"bricqs.W001", "bricqs.W002", "bricqs.W003"}
    monkeypatch.setattr("bricqs.embedded._is_used", True)
    assert ids(include_deployment_checks=True) == set()


@pytest.mark.parametrize(
    ("host", "name", "is_warned"),
    [
        ("127.0.0.1", "localhost", False),
        ("localhost", "[::1]", False),
        (EVERYWHERE, "localhost", True),
        # A proxy on this machine passes on what others ask of that name.
        ("127.0.0.1", "points.example.com", True),
    ],
)
def test_a_demo_that_others_can_reach_is_a_warning(
    settings: Any, monkeypatch: pytest.MonkeyPatch, host: str, name: str, is_warned: bool
) -> None:
    monkeypatch.setattr("bricqs.embedded._is_used", True)
    settings.SEED_DEMO, settings.SERVE_HOST, settings.CACHE_URL = True, host, "redis://cache"
    settings.ALLOWED_HOSTS = ["127.0.0.1", name]
    settings.SECRET_KEY_IS_GENERATED = False
    assert ("bricqs.W003" in ids(include_deployment_checks=True)) is is_warned


@pytest.mark.parametrize(
    ("variables", "name", "value"),
    [
        ({"HOST": EVERYWHERE}, "SEED_DEMO", False),
        ({"HOST": EVERYWHERE, "SEED_DEMO": "true"}, "SEED_DEMO", True),
        ({"ALLOWED_HOSTS": "localhost,127.0.0.1"}, "SEED_DEMO", True),
        ({"ALLOWED_HOSTS": "localhost,points.example.com"}, "SEED_DEMO", False),
        ({"DATABASE_URL": "postgresql://db/points"}, "SEED_DEMO", False),
        ({"HOST": ""}, "SERVE_HOST", "127.0.0.1"),
        ({"MAX_BODY_BYTES": "", "WEB_WORKERS": "", "JOINED_OPERATIONS_MAX": ""}, "WEB_WORKERS", 2),
        ({"HTTPS": "true", "HSTS_SECONDS": ""}, "SECURE_HSTS_SECONDS", 31_536_000),
        ({"LOG_LEVEL": "verbose"}, "LOG_LEVEL", "VERBOSE"),
        # What one process writes, such as the chosen tenant, holds in all of them, and a logout whatever Redis does.
        ({}, "SESSION_ENGINE", "django.contrib.sessions.backends.db"),
        ({"CACHE_URL": "redis://cache"}, "SESSION_ENGINE", "django.contrib.sessions.backends.db"),
        # What a browser posts as the name of its upload opens nothing else.
        ({}, "IMPORT_EXPORT_TMP_STORAGE_CLASS", "gamify.admin._uploads.FolderUpload"),
        ({"CACHE_URL": "redis://cache"}, "IMPORT_EXPORT_TMP_STORAGE_CLASS", "gamify.admin._uploads.CachedUpload"),
    ],
    ids=str,
)
def test_setting_of_an_environment(variables: dict[str, str], name: str, value: Any, tmp_path: Path) -> None:
    kept = {name: text for name, text in os.environ.items() if name in ("PATH", "LANG", "HOME")}
    # As manage.py does, but without starting a PostgreSQL.
    own = f"from bricqs import embedded; embedded._is_used = {'DATABASE_URL' not in variables}"
    script = f"{own}; import django; django.setup(); from django.conf import settings; print(repr(settings.{name}))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT_DIR,
        env={**kept, "BRICQS_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "bricqs.settings", **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    assert done.stdout.strip() == repr(value)


@pytest.mark.django_db
class TestDatabase:
    @pytest.fixture(autouse=True)
    def _connection_of_its_own(self) -> Iterator[None]:
        yield
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit; RESET plan_cache_mode; RESET lock_timeout")

    def ids(self) -> set[str]:
        # Of the server that tests were given, which may not be durable, only what a test changed counts.
        return ids(tags=[Tags.database], databases=["default"]) - self.before

    @pytest.fixture(autouse=True)
    def _before(self, _connection_of_its_own: None) -> None:
        self.before: set[str] = set()
        self.before = self.ids()

    @pytest.mark.parametrize(
        ("statement", "id"),
        [
            ("SET plan_cache_mode = auto", "bricqs.E104"),
            ("SET lock_timeout = 0", "bricqs.E104"),
        ],
    )
    def test_settings_that_did_not_arrive_are_an_error(self, statement: str, id: str) -> None:
        assert self.ids() == set()
        with connection.cursor() as cursor:
            cursor.execute(statement)
        assert self.ids() == {id}

    def test_acknowledging_what_is_not_on_disk_is_an_error(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
        messages = run_checks(tags=[Tags.database], databases=["default"])
        assert any(message.id == "bricqs.E101" and "synchronous_commit" in message.msg for message in messages)

    def test_an_old_postgresql_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checks, "POSTGRESQL_VERSION_MIN", 99)
        assert self.ids() == {"bricqs.E102"}

    def test_more_threads_than_connections_are_a_warning(self, settings: Any) -> None:
        settings.WEB_WORKERS = 10_000
        assert self.ids() == {"bricqs.W101"}


@pytest.fixture
def latin1() -> Iterator[str]:
    """The URL of a database with another encoding."""
    url = os.environ["DATABASE_URL"]
    name = sql.Identifier(f"latin1_{os.getpid()}")
    with psycopg.connect(url, autocommit=True) as session:
        options = sql.SQL("ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
        session.execute(sql.SQL("CREATE DATABASE {} {}").format(name, options))
        yield urlsplit(url)._replace(path="/" + name.as_string().strip('"')).geturl()
        session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_an_encoding_that_lacks_letters_is_an_error(latin1: str) -> None:
    refused = manage("check", "--database", "default", DATABASE_URL=latin1)
    assert refused.returncode == 1
    assert "bricqs.E103" in refused.stderr


def test_a_database_that_cannot_be_reached_is_an_error_and_no_traceback() -> None:
    refused = manage("serve", DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/nowhere", PORT="0")
    assert refused.returncode == 1
    assert "bricqs.E100" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "secret" not in refused.stderr


def test_serve_refuses_unsafe_settings_before_it_touches_the_database() -> None:
    refused = manage("serve", ALLOWED_HOSTS="*", DATABASE_URL="postgresql://127.0.0.1:1/nowhere", PORT="0")
    assert refused.returncode == 1
    assert "bricqs.E002" in refused.stderr
    assert "bricqs.E100" not in refused.stderr


def test_check_deploy_is_clean_with_the_documented_production_environment() -> None:
    silenced = "bricqs.E101" if os.environ.get("CI") else ""
    checked = manage("check", "--deploy", "--database", "default", SILENCED_CHECKS=silenced, **PRODUCTION)
    assert checked.returncode == 0, checked.stderr
    assert "WARNINGS" not in checked.stderr
    assert "no issues" in checked.stdout


@pytest.mark.parametrize("left_out", ["SECRET_KEY", "HTTPS", "CACHE_URL"])
def test_check_deploy_names_what_of_it_is_missing(left_out: str) -> None:
    incomplete = {name: value for name, value in PRODUCTION.items() if name != left_out}
    checked = manage("check", "--deploy", **incomplete)
    complaints = {"SECRET_KEY": "bricqs.E004", "HTTPS": "security.W008", "CACHE_URL": "bricqs.W002"}
    assert complaints[left_out] in checked.stderr


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if name not in PRODUCTION}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT_DIR,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
