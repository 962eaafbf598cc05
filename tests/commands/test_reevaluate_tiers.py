import io
import re
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from gamify.models import Participant, TierTransition
from gamify.services import reevaluation
from tenants.models import Tenant
from tests.ledger._threads import at_once
from tests.programmes import assign, award, impatient, make_ladder, rows, tier_of


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reevaluation, "BATCH_SIZE", 2)


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    """Five with silver's points and one with gold's, none of whom has a tier yet; and one pinned to bronze."""
    for n, earned in enumerate([500, 500, 500, 500, 500, 1000, 1000]):
        award(shop, f"u{n}", earned)
    make_ladder(shop)
    assign(shop, "u6", "bronze")
    return shop


def run(*args: str) -> tuple[str, str]:
    out, log = io.StringIO(), io.StringIO()
    call_command("reevaluate_tiers", *args, stdout=out, stderr=log)
    return out.getvalue(), log.getvalue()


def test_moves_everybody_who_is_due_and_no_one_twice(shop: Tenant) -> None:
    assert run(shop.slug, "--reason", "New rules")[0] == "Moved 6 participants.\n"
    assert [tier_of(shop, f"u{n}") for n in range(7)] == ["silver"] * 5 + ["gold", "bronze"]
    assert TierTransition.objects.filter(cause="reevaluate", reason="New rules").count() == 6
    assert run(shop.slug) == ("Moved 0 participants.\n", "")


def test_dry_run_only_says_who_would_move(shop: Tenant) -> None:
    before = rows()
    assert run(shop.slug, "--dry-run") == (
        "  no tier → silver: 5\n  no tier → gold: 1\nWould move 6 participants.\n",
        "",
    )
    assert rows() == before


def test_says_after_each_batch_how_to_go_on_from_there(shop: Tenant) -> None:
    log = run(shop.slug)[1].splitlines()
    assert [line.split(" moved")[0] for line in log] == ["2", "4", "6"]
    found = [re.search("--after ([0-9a-f-]{36})$", line) for line in log]
    positions = [match[1] for match in found if match]
    assert len(positions) == 3
    assert positions == sorted(positions)
    assert run(shop.slug, "--after", positions[0])[0] == "Moved 0 participants.\n"


def test_goes_on_behind_a_participant(shop: Tenant) -> None:
    last = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    assert run(shop.slug, "--after", last)[0] == "Moved 0 participants.\n"
    assert run(shop.slug, "--after", "00000000-0000-0000-0000-000000000000")[0] == "Moved 6 participants.\n"


def test_sandbox(shop: Tenant) -> None:
    assert run(shop.slug, "--sandbox")[0] == "Moved 0 participants.\n"
    assert tier_of(shop, "u0") is None


def test_refusals(shop: Tenant) -> None:
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        run("nobody")
    with pytest.raises(CommandError, match="--after"):
        run(shop.slug, "--after", f"{uuid4()}x")


@pytest.mark.django_db(transaction=True)
def test_a_participant_that_others_keep_busy_is_one_sentence_and_going_on_is_possible(shop: Tenant) -> None:
    first = Participant.objects.filter(tier_pinned=False).order_by("pk")[0]

    def impatient_run() -> str:
        impatient()
        return run(shop.slug)[0]

    with transaction.atomic():
        Participant.objects.select_for_update(no_key=True).get(pk=first.pk)
        with pytest.raises(CommandError, match=r"kept a participant busy for too long\..* run it again"):
            at_once([impatient_run])
    assert at_once([impatient_run]) == ["Moved 6 participants.\n"]
