"""The published Python client of Trophy, at its first release that we know and at the newest, on the real server."""

import json
from pathlib import Path

import pytest

from tests.live.clients.environments import Environment
from tests.live.server import Server

SCENARIO = Path(__file__).with_name("trophy_scenario.py")
PROGRAMME = {
    "points_systems": [{"key": "xp", "name": "XP", "max_points": 1000}, {"key": "coins", "name": "Coins"}],
    "badges": [
        {
            "code": "first-lesson",
            "name": "First lesson",
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 1},
        }
    ],
    "metrics": [
        {"key": "words-written", "name": "Words written"},
        {"key": "lessons", "name": "Lessons"},
        {"key": "visits", "name": "Visits", "streak_frequency": "monthly"},
    ],
    "triggers": [
        {"points_system": "xp", "type": "metric", "metric": "words-written", "threshold": 3, "points": 10},
        {"points_system": "points", "type": "metric", "metric": "lessons", "threshold": 1, "points": 1},
        {"points_system": "coins", "type": "metric", "metric": "visits", "threshold": 1, "points": 1},
        {"points_system": "xp", "type": "streak", "streak_length": 7, "points": 50},
        {"points_system": "xp", "type": "time", "time_unit": "day", "time_interval": 30, "points": 5},
        {"points_system": "xp", "type": "user_creation", "points": 1, "user_attributes": {"plan": "vip"}},
    ],
    "levels": [{"points_system": "xp", "key": "novice", "name": "Novice", "points": 10}],
}


@pytest.mark.slow
@pytest.mark.parametrize("requirement", ["trophy==1.3.4", "trophy"])
def test_an_app_works_after_a_change_of_base_url_and_key(server: Server, tmp_path: Path, requirement: str) -> None:
    slug = requirement.replace("==", "-").replace(".", "-")
    key = server.tenant(slug)
    file = tmp_path / "programme.json"
    file.write_text(json.dumps(PROGRAMME))
    server.manage("apply_programme", slug, str(file))
    environment = Environment(requirement)
    done = environment.run(str(SCENARIO), f"http://127.0.0.1:{server.port}", key)
    assert done.returncode == 0, done.stderr
    is_the_first = requirement != "trophy"
    assert (done.stdout.strip() == "1.3.4") is is_the_first
    assert server.manage("verify_ledger", "--tenant", slug)
