"""Awards as one would write them by hand: row by row, through the ORM. What the engine is measured against.

The same tables, rules and refusals, behind the same base view, authentication and error handling, in the same kind of
server. It does all that an award leads to under the benchmark's programme, and `verify_ledger` accepts what it leaves:
only how it talks to the database differs. Of what that programme does not use it has nothing (boosts, triggers, expiry
through inactivity, other points systems), nor does it number facts for those who follow them.
"""
