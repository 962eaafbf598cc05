"""The container image holds all that the code reads: .dockerignore names what goes into it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bricqs.env import PROJECT_DIR

READS = "import django; django.setup(); from gamify.services import programme_file; print(len(programme_file.schema()))"


def test_what_is_copied_is_enough(tmp_path: Path) -> None:
    for line in (PROJECT_DIR / ".dockerignore").read_text().split():
        if line.startswith("!"):
            source = PROJECT_DIR / line[1:]
            (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / line[1:])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "bricqs.settings"}
    for arguments in (["manage.py", "check"], ["-c", READS]):
        subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, check=True, capture_output=True)
