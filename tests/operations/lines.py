"""What the service would log, as text."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from bricqs import logs


class Lines:
    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.all if line["logger"] == logger]

    def request(self) -> dict[str, Any]:
        """The line of the only request."""
        [line] = self.of("bricqs.request")
        return line


@contextmanager
def logged(style: str = "json") -> Iterator[Lines]:
    """Everything from INFO on, through the formatter of the settings."""
    lines = Lines()
    handler = logging.StreamHandler(lines.stream)
    handler.setFormatter(logs.Line(is_console=style == "console"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
