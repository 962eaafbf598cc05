"""The tables. `docs/design.md` says which of them belong to a participant and are guarded by its lock."""

from gamify.models.ledger import Account, Consumption, Entry, Lot
from gamify.models.operations import Operation
from gamify.models.participants import Participant, participant_id
from gamify.models.points import PointsSystem

__all__ = [
    "Account",
    "Consumption",
    "Entry",
    "Lot",
    "Operation",
    "Participant",
    "PointsSystem",
    "participant_id",
]
