"""Reads the environment: the one place where the text of a variable becomes a setting."""

import ipaddress
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import environ

env = environ.Env()

PROJECT_DIR = Path(__file__).resolve().parent.parent

_LOCAL = {"localhost", "testserver", ".localhost"}


def text(name: str, default: str = "") -> str:
    """As it stands: a secret may begin with a dollar, which `env.str` takes for the name of another variable."""
    return os.environ.get(name) or default


def listed(name: str, default: Sequence[str] = ()) -> list[str]:
    """Separated by commas, with spaces or without."""
    return [item for part in os.environ.get(name, "").split(",") if (item := part.strip())] or list(default)


def number(name: str, default: int) -> int:
    """Set to nothing, as in a template of variables that nobody filled in, it is not set."""
    return int(os.environ.get(name) or default)


def is_local(host: str) -> bool:
    """Whether only this machine is called so."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in _LOCAL


def is_private(host: str, allowed_hosts: Iterable[str]) -> bool:
    """Whether a server that listens on `host` serves this machine alone: neither others that reach it by themselves,
    nor, under another name, those whose calls a proxy on this machine passes on."""
    return is_local(host) and all(map(is_local, allowed_hosts))


def data_dir() -> Path:
    """The folder that holds all that this installation keeps on disk. Set by whoever runs it."""
    return Path(os.environ.get("BRICQS_DATA_DIR") or PROJECT_DIR / ".data").expanduser().resolve()


def secret_key() -> str:
    """`SECRET_KEY`, or one made up at the first start and kept in the data folder."""
    if value := os.environ.get("SECRET_KEY"):
        return value
    path = data_dir() / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and linked into place: of several processes starting at once, one wins and all read it.
        draft = path.with_name(f"secret_key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def database(*, lock_timeout: str) -> dict[str, Any]:
    """The one database, from `DATABASE_URL` (set by `embedded.provide_database_url` where nobody else did)."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        # Tools that only import the settings, such as mypy's plugin, need no server.
        return {"ENGINE": "django.db.backends.dummy"}
    config: dict[str, Any] = environ.Env.db_url_config(url)
    config["CONN_MAX_AGE"] = None
    # Services own their transactions: a refusal rendered inside the request's would commit what was half done.
    config["ATOMIC_REQUESTS"] = False
    config["OPTIONS"] = {
        # Statements of the award path are prepared at their first use on a connection.
        "prepare_threshold": 1,
        "application_name": "bricqs",
        # A server that is gone without a word, as after a failover, is noticed: at once where it is to be connected
        # to, within half a minute where it is waited for. Sockets of the same machine need none of this.
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "tcp_user_timeout": 30_000,
        "options": " ".join(
            f"-c {name}={value}"
            for name, value in {
                "lock_timeout": lock_timeout,
                # A worker that hangs in a transaction must not hold a participant's lock for ever.
                "idle_in_transaction_session_timeout": "60s",
                # Never planned anew for the values at hand: every hot statement is a key look-up.
                "plan_cache_mode": "force_generic_plan",
            }.items()
        ),
        **config.get("OPTIONS", {}),
    }
    return config
