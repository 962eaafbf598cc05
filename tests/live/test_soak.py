"""A short soak; `python bench/soak.py` runs a long one."""

import secrets

import pytest

from tests.live.server import Server
from tests.live.soak import KINDS, soak

OPERATIONS = 5_000
CLIENTS = 8


@pytest.mark.slow
def test_the_ledger_is_what_the_answers_said(server: Server) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - shown with a failure
    report = soak(server, slug="soak", operations=OPERATIONS, clients=CLIENTS, seed=seed)
    assert set(report.kinds) == set(KINDS)
    assert sum(report.kinds.values()) == OPERATIONS
    assert report.proof
    assert report.proof.expiries > 0
    assert report.proof.points_spent > 0
