"""Several processes, one set of numbers."""

import http.client

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.server import METRICS_TOKEN, WORKERS, Server

pytestmark = pytest.mark.slow

# Each by a connection of its own: the kernel hands them to either process.
CALLS = 40


def test_what_all_processes_counted_is_told_by_whichever_is_asked(server: Server) -> None:
    key = server.tenant("counted")
    before = points_awarded(server)
    for number in range(CALLS):
        assert server.client(key).award(f"user-{number}", 5).status == 200
    assert len(list((server.folder / "data/metrics" / str(server.port)).glob("counter_*.db"))) == WORKERS
    assert {points_awarded(server) - before for _ in range(10)} == {CALLS * 5}


def points_awarded(server: Server) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    families = text_string_to_metric_families(connection.getresponse().read().decode())
    samples = [sample for family in families for sample in family.samples]
    connection.close()
    return sum(sample.value for sample in samples if sample.name == "bricqs_points_total")
