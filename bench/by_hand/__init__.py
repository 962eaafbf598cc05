"""Awards as one would write them by hand: row by row, through the ORM. What the engine is measured against.

The same tables, rules and refusals, behind the same base view, authentication and error handling, in the same kind of
server. It does all that an award of the engine does, and `verify_ledger` accepts what it leaves: only how it talks to
the database differs.
"""
