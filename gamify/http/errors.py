"""From refusals to replies: what the dialects share. Which status, code and sentence is each dialect's own table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions

from gamify.errors import DomainError, InvalidInput, Unavailable


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply that says no: `detail` tells the caller what to do about it."""

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()


ErrorTable = Mapping[type[DomainError], Callable[[Any], Refusal]]


def refusal_of(error: DomainError, table: ErrorTable) -> Refusal:
    return table[type(error)](error)


def protocol_refusal(error: Exception) -> Refusal | None:
    """The refusals of HTTP itself, the same in every dialect; None for what is no refusal but a fault."""
    if isinstance(error, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return Refusal(413, "body_too_large", f"The request body is larger than {most} bytes.")
    if isinstance(error, exceptions.UnsupportedMediaType):
        return Refusal(415, "unsupported_media_type", "Send the body as Content-Type: application/json.")
    if isinstance(error, exceptions.MethodNotAllowed):
        return Refusal(405, "method_not_allowed", "This route does not take this method; see the Allow header.")
    if isinstance(error, exceptions.ParseError):
        return Refusal(400, "malformed_json", str(error.detail))
    if isinstance(error, exceptions.NotFound | Http404):
        return Refusal(404, "not_found", "There is no such route. The API reference is at /api/docs/.")
    return None


def database_refusal(error: Error) -> Unavailable | None:
    """What a fault of the database is to callers, who did nothing wrong; None for what is a fault of ours.

    By SQLSTATE. Without one the answer never came: the connection could not be made, was cut, or was closed before.
    """
    code = getattr(error.__cause__, "sqlstate", None)
    is_lost = code is None and isinstance(error, OperationalError | InterfaceError)
    return Unavailable() if is_lost or code in _UNAVAILABLE or (code or "")[:2] in _UNAVAILABLE_CLASSES else None


# Connection exceptions; disk full, out of memory, too many connections; input and output of the server itself.
_UNAVAILABLE_CLASSES = {"08", "53", "58"}
_UNAVAILABLE = {
    "40001",  # serialization failure; this and the next two where no operation tried again by itself
    "40P01",  # deadlock
    "55P03",  # a lock could not be had in time
    "25006",  # read-only: a standby, which a failover will make the primary
    "25P03",  # the transaction stood idle for too long
    "57014",  # cancelled
    "57P01",  # the administrator ends the connection
    "57P02",  # another connection crashed, so all end
    "57P03",  # starting up, or shutting down
    "57P05",  # the connection stood idle for too long
}


def invalid_input(error: exceptions.ValidationError) -> InvalidInput:
    """The complaints of a serializer, flattened to (field path, sentence)."""
    return InvalidInput(tuple(_flatten("", error.detail)))


def _flatten(path: str, detail: Any) -> list[tuple[str, str]]:
    if isinstance(detail, dict):
        return [
            pair
            for name, child in detail.items()
            for pair in _flatten(_join(path, "" if name == "non_field_errors" else name), child)
        ]
    if isinstance(detail, list) and any(isinstance(child, dict | list) for child in detail):
        return [pair for index, child in enumerate(detail) for pair in _flatten(f"{path}[{index}]", child)]
    if isinstance(detail, list):
        return [(path or "body", str(message)) for message in detail]
    return [(path or "body", str(detail))]


def _join(path: str, name: str | int) -> str:
    # A list's complaints are by the index of the item.
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path and name else path or name
