"""Python environments of the tests' own, with one published client each, kept in the data folder from run to run."""

import fcntl
import subprocess
import venv
from pathlib import Path

from bricqs.env import data_dir

SECONDS_MAX = 300


class Environment:
    """`requirement`: what pip is asked for, such as `trophy==1.3.4`; without a version, the newest release."""

    def __init__(self, requirement: str) -> None:
        self.folder = data_dir() / "clients" / requirement.replace("==", "-")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        # Several processes of pytest, or several runs, would trip over each other.
        with (self.folder.parent / f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.python.exists():
                venv.create(self.folder, with_pip=True, clear=True)
            pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "10"]
            installed = self.run(*pip, "--upgrade", requirement)
            assert installed.returncode == 0, installed.stderr

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Isolated: neither this folder nor the tests' own packages can be imported.
        return subprocess.run(
            [str(self.python), "-I", *arguments], capture_output=True, text=True, timeout=SECONDS_MAX, cwd=self.folder
        )
