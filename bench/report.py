"""What was measured, as a table and as bench/results.json."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.live.server import Server

RESULTS = Path(__file__).with_name("results.json")


def machine() -> dict[str, Any]:
    """To be asked before anything is started, for how busy it is with other things."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "measured_at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
    }


def postgresql(server: Server) -> str:
    [(version,)] = server.sql("SHOW server_version")
    return str(version).split()[0]


def save(section: str, result: dict[str, Any]) -> None:
    """Put `result` in the place of what was measured last; the other sections stay."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(results | {section: result}, indent=2, ensure_ascii=False) + "\n")


def show(result: dict[str, Any]) -> None:
    print(f"{'':42}{'a second':>12}{'p50 ms':>9}{'p99 ms':>9}")
    for row in result["rows"].values():
        times = "".join(f"{row[name]:>9}" if name in row else " " * 9 for name in ("p50_ms", "p99_ms"))
        print(f"{row['title']:42}{row['per_second']:>12,.0f}{times}")
    print()
    for target in result["targets"]:
        print(f"{'met' if target['met'] else 'MISSED':8}{target['name']:46}{target['value']:>9}   {_wanted(target)}")
    for note in result["notes"]:
        print(f"\n{note}")


def _wanted(target: dict[str, Any]) -> str:
    if "most" in target:
        return f"below {target['most']}"
    return f"at least {target['least']}" + (f", aim {target['aim']}" if target["aim"] else "")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
