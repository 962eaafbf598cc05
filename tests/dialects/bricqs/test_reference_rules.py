"""What we settled where the documents are silent is said in the reference, where an integrator looks for it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser

GAMIFY = "/api/v1/gamify"
AWARD, DEDUCT, BATCH = (("post", f"{GAMIFY}/points/{name}") for name in ("award", "deduct", "award-batch"))
ASSIGN, RELEASE = (("post", f"{GAMIFY}/tiers/{name}") for name in ("assign", "release"))
PARTICIPANT = f"{GAMIFY}/participants/{{participant_id}}"
BALANCE, LEDGER, EXPIRING, TIER, BADGES = (
    ("get", f"{PARTICIPANT}/{name}") for name in ("points", "points/transactions", "points/expiring", "tier", "badges")
)
SESSION_BALANCE, SESSION_LEDGER = (("post", f"/api/v1/points/{name}") for name in ("balance", "transactions"))
NEW_TIER = ("post", f"{GAMIFY}/admin/tiers")
TIER_CHANGE = ("patch", f"{GAMIFY}/admin/tiers/{{tier_id}}")

KEYED = (AWARD, DEDUCT, BATCH, ASSIGN, RELEASE)
AMOUNTS = (AWARD, DEDUCT, BATCH)
READS = (BALANCE, LEDGER, EXPIRING, TIER, BADGES)

# The operations, and the phrases that state the rule there.
RULES = {
    "an award's amount is what was credited": (
        (AWARD,),
        ["what was credited: after multipliers and boosts, rounded once, which is down"],
    ),
    "another payload under the same key is refused": (
        KEYED,
        ["`IDEMPOTENCY_KEY_REUSED`: The key was used before with another payload."],
    ),
    "keys are scoped to the tenant": (KEYED, ["Keys are shared by all operations of a tenant"]),
    "a replay says so": (KEYED, ["Idempotent-Replayed", "`true` where the answer is the original one"]),
    "a refused call burns no key": (
        KEYED,
        ["A refused call (insufficient points, validation, rate limit) uses no key up."],
    ),
    "a key covers the whole batch": (
        (BATCH,),
        ["covers the whole batch", "an item without a key of its own gets one derived from it"],
    ),
    "a read creates nothing": (READS, ["never seen has", "asking creates nothing"]),
    "who was never seen has zeros": ((BALANCE, SESSION_BALANCE), ["never seen has zeros"]),
    "who was never seen cannot pay": ((DEDUCT,), ["`insufficient_points` with `Available: 0`"]),
    "burn-down order": (
        (DEDUCT,),
        [
            "by `expires_at`, soonest first, the oldest of those that expire together; then those that never expire",
            "can be set to the oldest credit first instead",
        ],
    ),
    "what has expired is not spent": ((DEDUCT,), ["past its `expires_at` is never spendable, swept or not"]),
    "what has expired is not counted": (
        (BALANCE, SESSION_BALANCE),
        ["past its `expires_at` is never counted, swept or not"],
    ),
    "when a credit expires": ((AWARD,), ["neither spendable nor counted in a balance, swept or not"]),
    "the next tier is in the current one too": ((TIER,), ["`current_tier` carries the same `next_tier`"]),
    "an assigned tier is a pin": ((ASSIGN,), ["automatic evaluation leaves it there until it is released"]),
    "release ends the pin": ((RELEASE,), ["Ends the pin"]),
    "a points tier needs min_points": (
        (NEW_TIER, TIER_CHANGE),
        ["An automatic `points` tier without `min_points` is never picked by the evaluator."],
    ),
    "numbers are JSON integers": (
        (*AMOUNTS, NEW_TIER, TIER_CHANGE, SESSION_LEDGER),
        ['A JSON integer: `"100"`, `100.5` and `true` are 422.'],
    ),
}


@pytest.fixture
def schema(db: None) -> Any:
    return json.loads(Browser().get("/api/schema/", headers={"Accept": "application/json"}).content)


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_stated_at_each_operation_that_it_is_about(schema: Any, rule: str) -> None:
    operations, phrases = RULES[rule]
    for method, path in operations:
        told = " ".join(texts(schema, schema["paths"][path][method]))
        for phrase in phrases:
            assert phrase in told, (method, path)


def test_introduction_says_what_holds_everywhere(schema: Any) -> None:
    introduction = schema["info"]["description"]
    for phrase in ("X-RateLimit-Limit", '`"100"`, `100.5` and `true` are 422'):
        assert phrase in introduction


def texts(schema: Any, node: Any) -> Iterator[str]:
    """Every name and text under `node`, those of the components that it refers to included."""
    if isinstance(node, list):
        for child in node:
            yield from texts(schema, child)
    elif isinstance(node, dict):
        for name, child in node.items():
            if name == "$ref":
                yield from texts(schema, schema["components"]["schemas"][child.rpartition("/")[2]])
            else:
                yield name
                yield from texts(schema, child)
    elif isinstance(node, str):
        yield node
