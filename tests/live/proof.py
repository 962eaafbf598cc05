"""The proof that a tenant's ledger is exactly what the answers of its calls said."""

from dataclasses import dataclass
from uuid import UUID

from tests.live.client import Client
from tests.live.server import Server


@dataclass(frozen=True)
class Made:
    """An entry, as the answer that acknowledged it told."""

    participant: str
    amount: int
    balance_after: int


@dataclass(frozen=True)
class Proof:
    entries: int
    # Written off by expiry: how many lots, and how many points.
    expiries: int
    points_expired: int
    points_earned: int
    points_spent: int
    verified: str


_ENTRIES = """
    SELECT e.id::text, p.external_id, e.kind, e.amount, e.balance_after
      FROM gamify_entry e JOIN gamify_participant p ON p.id = e.participant_id WHERE p.tenant_id = %s
"""
_ACCOUNTS = """
    SELECT p.external_id, balance, total_earned, total_spent, total_expired, lot_balance, last_sequence,
           (SELECT sum(amount) FROM gamify_entry WHERE participant_id = p.id),
           (SELECT count(*) FROM gamify_entry WHERE participant_id = p.id),
           (SELECT min(balance_after) FROM gamify_entry WHERE participant_id = p.id),
           (SELECT coalesce(sum(remaining), 0) FROM gamify_lot WHERE participant_id = p.id),
           (SELECT coalesce(sum(remaining), 0) FROM gamify_lot
             WHERE participant_id = p.id AND expires_at <= clock_timestamp())
      FROM gamify_account a JOIN gamify_participant p ON p.id = a.participant_id WHERE p.tenant_id = %s
"""
# Credits whose lot is not what consumptions left of them, or that a deduct used once they had expired.
_WRONG_LOTS = """
    SELECT credit.participant_id, credit.sequence, credit.amount, lot.remaining, sum(taken.amount)
      FROM gamify_entry credit JOIN gamify_participant p ON p.id = credit.participant_id
      LEFT JOIN gamify_lot lot
             ON lot.participant_id = credit.participant_id AND lot.points_system_id = credit.points_system_id
            AND lot.sequence = credit.sequence
      LEFT JOIN gamify_consumption taken
             ON taken.participant_id = credit.participant_id AND taken.points_system_id = credit.points_system_id
            AND taken.credit_sequence = credit.sequence
      LEFT JOIN gamify_entry debit
             ON debit.participant_id = taken.participant_id AND debit.points_system_id = taken.points_system_id
            AND debit.sequence = taken.debit_sequence
     WHERE p.tenant_id = %s AND credit.kind = 'award' AND credit.expires_at IS NOT NULL
     GROUP BY credit.participant_id, credit.points_system_id, credit.sequence, lot.remaining
    HAVING credit.amount - coalesce(lot.remaining, 0) <> coalesce(sum(taken.amount), 0)
        OR bool_or(debit.kind = 'deduct' AND debit.created_at >= credit.expires_at)
"""


def prove(server: Server, *, slug: str, client: Client, made: dict[str, Made]) -> Proof:
    """`made`: what was acknowledged, by transaction id. Raises AssertionError where the ledger is anything else."""
    [(tenant,)] = server.sql("SELECT id FROM tenants_tenant WHERE slug = %s AND sandbox_of_id IS NULL", slug)
    rows = server.sql(_ENTRIES, tenant)
    by_call = {id: Made(name, amount, after) for id, name, kind, amount, after in rows if kind != "expire"}
    assert by_call == made
    assert server.sql(_WRONG_LOTS, tenant) == []
    expired = [-amount for *_, kind, amount, _ in rows if kind == "expire"]
    earned = sum(entry.amount for entry in made.values() if entry.amount > 0)
    spent = -sum(entry.amount for entry in made.values() if entry.amount < 0)
    accounts = _accounts(server, tenant)
    assert sum(account.earned for account in accounts.values()) == earned
    assert sum(account.spent for account in accounts.values()) == spent
    assert sum(account.expired for account in accounts.values()) == sum(expired)
    _compare_balances(server, tenant, client, accounts)
    verified = server.manage("verify_ledger", "--tenant", slug)
    assert verified == f"Verified {len(rows)} entries of {len(accounts)} accounts: 0 broken."
    return Proof(len(rows), len(expired), sum(expired), earned, spent, verified)


@dataclass(frozen=True)
class _Account:
    balance: int
    earned: int
    spent: int
    expired: int
    # What of the balance is past its time, and not yet written off.
    due: int


def _accounts(server: Server, tenant: UUID) -> dict[str, _Account]:
    accounts = {}
    for row in server.sql(_ACCOUNTS, tenant):
        name, balance, earned, spent, expired, lot_balance, last_sequence, total, entries, lowest, remaining, due = row
        assert balance == total == earned - spent - expired, row
        assert last_sequence == entries, row
        assert lot_balance == remaining, row
        assert 0 <= lot_balance <= balance, row
        assert lowest >= 0, row
        accounts[name] = _Account(balance, earned, spent, expired, int(due))
    return accounts


def _compare_balances(server: Server, tenant: UUID, client: Client, before: dict[str, _Account]) -> None:
    """What is answered is the stored balance, less what is due at that moment."""
    answers = {name: client.balance(name).body for name in before}
    after = _accounts(server, tenant)
    for name, account in before.items():
        answer = answers[name]
        assert (answer["total_earned"], answer["total_spent"]) == (account.earned, account.spent)
        assert account.balance - after[name].due <= answer["balance"] <= account.balance - account.due
