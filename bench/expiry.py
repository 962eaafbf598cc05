"""How fast the sweep and the verification are, and what awards feel of the sweep: a million due lots over 200,000
participants, while awards go on.

    python -m bench.expiry [--participants 200000] [--lots-each 5] [--awards-per-second 50]

Starts the embedded PostgreSQL in a data folder of its own and removes it in the end. Prints a table and writes
bench/expiry.json. The machine should have nothing else to do.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench.awarding import Sample, awarding, quantile
from bench.database import temporary_database
from bench.servers import own_postgresql

RESULT = Path(__file__).with_suffix(".json")
WARM_UP_SECONDS, QUIET_SECONDS = 5, 60
CALM = 20_000
SECONDS_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True, slots=True)
class Ran:
    """A command: when, what it said, and the most memory that its processes had at once."""

    started: float
    seconds: float
    said: str
    megabytes: float

    @property
    def ended(self) -> float:
        return self.started + self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--participants", type=int, default=200_000)
    parser.add_argument("--lots-each", type=int, default=5)
    parser.add_argument("--awards-per-second", type=float, default=50)
    options = parser.parse_args()
    os.environ["DATABASE_URL"] = own_postgresql()
    with temporary_database("bench_expiry"):
        from bench.filling import fill
        from gamify.services import tenants

        tenant, _ = tenants.create(slug="bench", name="Bench")
        yesterday = datetime.now(tz=UTC) - timedelta(days=1)
        # All of one moment, as at the end of a month. The first of them have nothing due.
        fill(tenant, participants=CALM, awards=options.lots_each)
        due = range(CALM, CALM + options.participants)
        fill(tenant, participants=due, awards=options.lots_each, expires_at=lambda number, at: yesterday)
        groups = {"nothing due": [f"p{n}" for n in range(CALM)], "lots due": [f"p{n}" for n in due]}
        with awarding("bench", groups=groups, per_second=options.awards_per_second) as samples:
            time.sleep(WARM_UP_SECONDS)
            quiet_from = time.monotonic()
            time.sleep(QUIET_SECONDS)
            sweep = manage("expire_points")
        verify = manage("verify_ledger")
        result = {
            "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "postgresql": postgresql()},
            "expire_points": measured(sweep, r"of (\d+) lots", "lots"),
            "verify_ledger": measured(verify, r"Verified (\d+) entries", "entries"),
            "awards": {"per_second": options.awards_per_second, **compared(samples, quiet_from, sweep)},
        }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    show(result)


def manage(command: str) -> Ran:
    """In a process of its own, and those that it starts."""
    started, megabytes = time.monotonic(), 0.0
    process = subprocess.Popen([sys.executable, "manage.py", command], stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        megabytes = max(megabytes, _megabytes(process.pid))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    seconds = time.monotonic() - started
    assert process.stdout
    said = process.stdout.read()
    assert process.returncode == 0, said
    return Ran(started, seconds, said, megabytes)


def _megabytes(pid: int) -> float:
    """What they have together, now; what several share is counted for each."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return float(sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])) / 2**20
    return 0.0


def measured(ran: Ran, pattern: str, unit: str) -> dict[str, Any]:
    found = re.search(pattern, ran.said)
    assert found, ran.said
    number = int(found[1])
    return {
        unit: number,
        "seconds": round(ran.seconds, 1),
        f"{unit}_per_second": round(number / ran.seconds),
        "peak_megabytes": round(ran.megabytes),
    }


def compared(samples: list[Sample], quiet_from: float, sweep: Ran) -> dict[str, Any]:
    """Milliseconds that awards took, before the sweep and during it, to participants of each kind and to all."""
    quiet = [sample for sample in samples if quiet_from <= sample.at < sweep.started]
    during = [sample for sample in samples if sweep.started <= sample.at < sweep.ended]

    def row(group: str | None) -> dict[str, Any]:
        phases = {"quiet": quiet, "during": during}
        chosen = {name: [s for s in phase if group in (None, s.group)] for name, phase in phases.items()}
        figures: dict[str, Any] = {
            name: {
                "awards": len(phase),
                **{f"p{share:.0%}"[:-1]: round(quantile(phase, share), 1) for share in (0.5, 0.95, 0.99)},
                "max": round(quantile(phase, 1), 1),
            }
            for name, phase in chosen.items()
        }
        return {**figures, "p99_ratio": round(figures["during"]["p99"] / figures["quiet"]["p99"], 2)}

    return {"all": row(None), **{group: row(group) for group in ("nothing due", "lots due")}}


def postgresql() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0]).split()[0]


def show(result: dict[str, Any]) -> None:
    for command, unit in (("expire_points", "lots"), ("verify_ledger", "entries")):
        figures = result[command]
        print(
            f"{command}: {figures[unit]:,} {unit} in {figures['seconds']} s,"
            f" {figures[f'{unit}_per_second']:,} a second; peak memory {figures['peak_megabytes']} MB"
        )
    print(f"\nawards, {result['awards']['per_second']:g} a second, in ms")
    print(f"{'to participants with':22}{'':8}{'awards':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}{'p99 ratio':>11}")
    for group in ("all", "nothing due", "lots due"):
        for phase in ("quiet", "during"):
            figures = result["awards"][group][phase]
            ratio = f"{result['awards'][group]['p99_ratio']:>11}" if phase == "during" else ""
            numbers = "".join(f"{figures[name]:>8}" for name in ("awards", "p50", "p95", "p99", "max"))
            print(f"{group if phase == 'quiet' else '':22}{phase:8}{numbers}{ratio}")


if __name__ == "__main__":
    assert os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bricqs.settings")
    main()
