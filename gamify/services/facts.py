"""The stream of facts, after the database was moved."""

from django.db import transaction

from tenants.database import send

# Facts are ordered by the transactions that wrote them, and a new PostgreSQL counts transactions from the beginning:
# what was written before the move comes first, in the order of its ids; see gamify/queries/facts.py.
BEGIN_ANEW = (
    "UPDATE gamify_fact SET transaction = 0",
    "UPDATE gamify_participant SET fact_transaction = 0",
    # The dashboard's totals follow the facts, too; they begin with the ledger.
    "UPDATE gamify_totalsmark SET transaction = 0",
)


def begin_anew() -> None:
    """Number the facts for the PostgreSQL that they are in now. Whoever follows the stream begins from its start."""
    with transaction.atomic():
        for statement in BEGIN_ANEW:
            send(statement)
