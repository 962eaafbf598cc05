"""What a command says when it cannot go on for now."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from gamify.errors import Busy


@contextmanager
def told_when_busy() -> Iterator[None]:
    """A sentence instead of a traceback where a participant's lock cannot be had in time."""
    try:
        yield
    except Busy as error:
        raise CommandError(
            "Other transactions kept a participant busy for too long. What was done until then stays; run it again."
        ) from error
