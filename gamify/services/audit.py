"""Verifying the ledger: for the command, and for whoever wants to know."""

from gamify.ledger.audit import Breach as Breach
from gamify.ledger.audit import Checked as Checked
from gamify.ledger.audit import count_accounts as count_accounts
from gamify.ledger.audit import verify as verify
