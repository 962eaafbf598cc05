"""The machine that was measured."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.live.server import Server


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
