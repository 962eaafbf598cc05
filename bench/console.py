"""How long the console's pages take on ten million entries of a million participants.

    python -m bench.console [--participants 1000000] [--entries-each 10] [--facts 200000]

Starts a PostgreSQL of its own: a transaction as long as its filling would hold back everybody's facts. Entries are
written in SQL, with hashes that are no chain, since nothing here reads them. Prints a table and writes
bench/console.json.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.database import temporary_database
from bench.servers import own_postgresql

RESULT = Path(__file__).with_suffix(".json")
ROUNDS = 5
NAMES = "ARRAY['Anna','Ben','Cleo','Dana','Eli','Fay','Gus','Hana','Ivo','June']"
REASONS = "ARRAY['Purchase completed','Friend invited','Review written','Birthday bonus']"

FILL = (
    """INSERT INTO gamify_participant (id, tenant_id, external_id, window_writes, tier_id, tier_pinned, badge_codes,
                                       fact_transaction, created_at)
        SELECT md5('p' || n)::uuid, %(tenant)s, 'user_' || lpad(n::text, 8, '0'), 0,
               (%(tiers)s::uuid[])[1 + n %% 4], false, '{}', 0, now() - interval '100 days'
          FROM generate_series(1, %(participants)s) AS n""",
    f"""INSERT INTO gamify_profile (participant_id, tenant_id, name, email, subscribe_to_emails, device_tokens,
                                    attributes, created_at, updated_at)
        SELECT md5('p' || n)::uuid, %(tenant)s, ({NAMES})[1 + n %% 10] || ' Bloom' || n, 'user' || n || '@example.com',
               true, '{{}}', '{{}}', now(), now()
          FROM generate_series(1, %(participants)s) AS n""",
    """INSERT INTO gamify_account (participant_id, points_system_id, balance, total_earned, total_spent, total_expired,
                                   lot_balance, last_sequence, last_hash, award_count)
        SELECT md5('p' || n)::uuid, %(system)s, 8 * %(each)s, 10 * (%(each)s - 1), 10 * (%(each)s - 1) - 8 * %(each)s,
               0, 0, %(each)s, '\\x00', %(each)s - 1
          FROM generate_series(1, %(participants)s) AS n""",
    f"""INSERT INTO gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after, reason,
                                  created_at, hash)
        SELECT md5('p' || n)::uuid, %(system)s, s, md5(n || '-' || s)::uuid,
               CASE WHEN s = %(each)s THEN 'deduct' ELSE 'award' END, CASE WHEN s = %(each)s THEN -2 ELSE 10 END,
               10 * s, ({REASONS})[1 + (n + s) %% 4],
               now() - interval '100 days' + interval '99 days' * s / %(each)s + interval '1 second' * (n %% 80000),
               decode(md5('h' || n) || md5('i' || n), 'hex')
          FROM generate_series(1, %(participants)s) AS n, generate_series(1, %(each)s) AS s""",
    """INSERT INTO gamify_fact (participant_id, id, tenant_id, type, data, created_at)
        SELECT md5('p' || n)::uuid, md5('f' || n)::uuid, %(tenant)s,
               CASE WHEN n %% 50 = 0 THEN 'tier.changed' ELSE 'points.awarded' END,
               '{"amount": 10, "reason": "Purchase completed", "cause": "award", "points_system_id": "'
                   || %(system)s || '"}',
               now()
          FROM generate_series(1, %(facts)s) AS n""",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--participants", type=int, default=1_000_000)
    parser.add_argument("--entries-each", type=int, default=10)
    parser.add_argument("--facts", type=int, default=200_000)
    options = parser.parse_args()
    os.environ["DATABASE_URL"] = own_postgresql()
    # Not a line for each request.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    with temporary_database("bench_console"):
        tenant = _fill(options)
        report = {
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
            "participants": options.participants,
            "entries": options.participants * options.entries_each,
            "totals": _totals(tenant),
            "pages_ms": _pages(tenant, options.participants),
        }
    RESULT.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


def _fill(options: argparse.Namespace) -> Any:
    from django.db import connection

    from gamify.models import PointsSystem
    from gamify.services import definitions, tenants
    from tenants.models import Tenant

    tenant, _ = tenants.create(slug="bench", name="Bench")
    tiers = [
        definitions.create_tier(
            tenant_id=tenant.pk,
            fields={"code": f"t{n}", "name": f"Tier {n}", "level": n, "criteria_config": {"min_points": n * 20}},
        )
        for n in range(1, 5)
    ]
    parameters = {
        "tenant": str(tenant.pk),
        "system": str(PointsSystem.objects.get(tenant=tenant).pk),
        "tiers": [str(tier.pk) for tier in tiers],
        "participants": options.participants,
        "each": options.entries_each,
        "facts": options.facts,
    }
    with connection.cursor() as cursor:
        # Foreign keys are not looked at: that would take longer than the rows themselves.
        cursor.execute("SET session_replication_role = replica")
        # Without the facts: they come once the totals are there, so that they are new to them.
        for number, statement in enumerate(FILL[:-1]):
            started = time.monotonic()
            cursor.execute(statement, parameters)
            print(f"filled {number + 1} of {len(FILL)} in {time.monotonic() - started:.0f} s")
        cursor.execute("VACUUM ANALYZE")
    return Tenant.objects.get(pk=tenant.pk), parameters


def _totals(filled: Any) -> dict[str, float]:
    """Out of the whole ledger; and then what is new, a step at a time."""
    from django.db import connection
    from django.db.models import Sum

    from gamify.models import DailyTotal, Entry
    from gamify.services import totals

    tenant, parameters = filled
    rebuilt, _ = _timed(lambda: totals.rebuild(tenant.pk))
    with connection.cursor() as cursor:
        cursor.execute(FILL[-1], parameters)
        cursor.execute("ANALYZE gamify_fact")
    steps: list[tuple[float, Any]] = []
    while not steps or not steps[-1][1]:
        steps.append(_timed(lambda: totals.catch_up(tenant.pk)))
    kept = DailyTotal.objects.aggregate(sum=Sum("points"))["sum"]
    awarded = parameters["facts"] - parameters["facts"] // 50
    ledger = Entry.objects.aggregate(sum=Sum("amount"))["sum"] + 10 * awarded
    assert kept == ledger, (kept, ledger)
    return {"rebuild_s": round(rebuilt, 1), "catch_up_20000_facts_ms": round(1000 * median(s for s, _ in steps[:-1]))}


def _pages(filled: Any, participants: int) -> dict[str, int]:
    from django.contrib.auth.models import User
    from django.test import Client

    from gamify.models import Participant

    tenant, _ = filled
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("bench"))
    client.get(f"/admin/tenants/tenant/{tenant.pk}/open/")
    somebody = Participant.objects.get(tenant=tenant, external_id=f"user_{participants // 3:08}").pk
    middle = f"user_{participants // 2:08}"
    paths = {
        "dashboard, 30 days": "",
        "dashboard, 12 months": "?period=365",
        "participants": "gamify/participant/",
        "participants, in the middle": f"gamify/participant/?after={middle}",
        "search by id": f"gamify/participant/?q={middle}",
        "search by e-mail": f"gamify/participant/?q=user{participants // 2}@",
        "search by one name of very many": "gamify/participant/?q=Anna",
        "search by name": f"gamify/participant/?q=bloom{participants // 2}",
        "participant": f"gamify/participant/{somebody}/change/",
        "tiers, with members": "gamify/tier/",
        "audit log": "admin/logentry/",
    }
    found = {}
    for name, path in paths.items():
        times = [_timed(partial(_read, client, path))[0] for _ in range(ROUNDS)]
        found[name] = round(1000 * median(times))
        print(f"{name:<36}{found[name]:>8} ms   first {1000 * times[0]:.0f}")
    return found


def _read(client: Any, path: str) -> None:
    response = client.get(f"/admin/{path}")
    assert response.status_code == 200, (path, response.status_code)


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
