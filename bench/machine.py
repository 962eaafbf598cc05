"""The machine that was measured."""

import os
import platform
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.live.server import Server

# A load average, and the highest rate of a row by its lowest. Up to here it is noise that a median over rounds bears.
QUIET_LOAD_MAX = 0.5
SPREAD_MAX = 1.3


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


def doubts(facts: dict[str, Any], rows: dict[str, Any]) -> list[str]:
    """Why the numbers may say little, a sentence each."""
    spread = statistics.median(max(row["rounds"]) / min(row["rounds"]) for row in rows.values())
    if facts["load_before"] <= QUIET_LOAD_MAX and spread <= SPREAD_MAX:
        return []
    return [
        f"The machine was not quiet: load {facts['load_before']} before, and between rounds most rates differed by a"
        f" factor of {spread:.1f} or more. What runs beside takes more from some rows than from others, so not even"
        " the ratios hold; to be measured again."
    ]


def software(server: Server) -> dict[str, Any]:
    [(version,)] = server.sql("SHOW server_version")
    return {"postgresql": str(version).split()[0], "workers": int(server.environment["WEB_WORKERS"])}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
