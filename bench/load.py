"""Load over HTTP: a few seconds of wrk, which sends what bench/load.lua says, and what came of it."""

import json
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_suffix(".lua")
CLIENTS = 16
# wrk runs on after the last request is sent: what is under way then has so long to be answered.
DRAIN_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Run:
    """So many requests, all answered, and how. Times in milliseconds."""

    answered: int
    seconds: float
    p50: float | None = None
    p99: float | None = None
    max: float | None = None
    # How many of the requests sent make entries.
    writes: int = 0
    # Sent, but not answered when the run was over: they may have been done, or not.
    unanswered: int = 0

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds


def require_wrk() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("The load comes from wrk, which is not installed. On Debian: apt install wrk")


def send(port: int, request: str, *, seconds: int, clients: int = CLIENTS, **options: Any) -> Run:
    """Let `clients` send `request`, each the next as soon as the last is answered. SystemExit on any error or refusal:
    a rate of errors is no measurement."""
    options |= {"request": request, "seconds": seconds, "seed": random.getrandbits(30)}
    command = ["wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{seconds + DRAIN_SECONDS}s"]
    command += ["--timeout", "30s", "--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--"]
    command += [f"{name}={value}" for name, value in options.items()]
    wrk = subprocess.run(command, capture_output=True, text=True, timeout=seconds + DRAIN_SECONDS + 60)
    lines = [line for line in wrk.stdout.splitlines() if line.startswith("result ")]
    if wrk.returncode or not lines:
        raise SystemExit(f"wrk failed at {request}: {wrk.stdout}{wrk.stderr}")
    result = json.loads(lines[0].removeprefix("result "))
    if result["refused"] or result["broken"] or not result["answered"]:
        raise SystemExit(f"{request}: {result['refused']} requests refused, {result['broken']} broken: {result}")
    return Run(
        answered=result["answered"],
        seconds=result["seconds"],
        p50=result["p50"],
        p99=result["p99"],
        max=result["max"],
        writes=result["writes"],
        unanswered=clients - result["finished"],
    )
