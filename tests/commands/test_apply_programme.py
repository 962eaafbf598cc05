import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gamify.models import Tier
from gamify.services import programme_file
from tenants.models import Tenant
from tests.programmes import award, make_badge, make_ladder, rows, tier_of

GOLD = {"code": "gold", "name": "Gold", "level": 3, "criteria_config": {"min_points": 1000}}
SILVER = {"code": "silver", "name": "Silver", "level": 2, "criteria_config": {"min_points": 500}}


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("apply_programme", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(programme: Any) -> str:
        path = tmp_path / "programme.json"
        path.write_text(programme if isinstance(programme, str) else json.dumps(programme))
        return str(path)

    return write


def test_makes_what_the_file_says_and_says_so(shop: Tenant, file: Any) -> None:
    path = file({"tiers": [GOLD, SILVER]})
    assert run(shop.slug, path) == f"  tier gold: made.\n  tier silver: made.\nChanged 2 definitions of {shop.slug}.\n"
    assert run(shop.slug, path) == f"Changed 0 definitions of {shop.slug}.\n"
    changed = file({"tiers": [GOLD | {"is_active": False, "level": 9}]})
    assert run(shop.slug, changed).splitlines()[0] == "  tier gold: level 3 → 9, is_active True → False."


def test_dry_run_only_says_it(shop: Tenant, file: Any) -> None:
    before = rows()
    said = run(shop.slug, file({"tiers": [GOLD]}), "--dry-run")
    assert said == f"  tier gold: made.\nWould change 1 definitions of {shop.slug}.\n"
    assert rows() == before


def test_sandbox(shop: Tenant, file: Any) -> None:
    assert run(shop.slug, file({"tiers": [GOLD]}), "--sandbox").endswith(f" of {shop.slug} (sandbox).\n")
    assert Tier.objects.get().tenant == shop.sandbox


def test_reads_standard_input(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"tiers": [GOLD]})))
    run(shop.slug, "-")
    assert Tier.objects.get().code == "gold"


def test_promotes_the_sandbox_to_live(shop: Tenant, file: Any) -> None:
    make_ladder(shop.sandbox)
    make_badge(shop.sandbox, "first", "award_count", min_awards=1)
    out = io.StringIO()
    call_command("export_programme", shop.slug, "--sandbox", stdout=out)
    run(shop.slug, file(out.getvalue()))
    assert programme_file.export(shop) == programme_file.export(shop.sandbox)
    assert award(shop, "u", 500).badges_unlocked == ("first",)
    assert tier_of(shop, "u") == "silver"


@pytest.mark.parametrize(
    ("programme", "said"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ('{"tiers": [{"code": "t", "name": "T", "level": NaN}]}', "tiers[0].level: "),
        ({"tiers": [GOLD, SILVER | {"level": "2"}]}, "tiers[1].level: "),
        ({"tiers": [GOLD, SILVER | {"level": 3}]}, "tiers[1].level: Another one already has this."),
        # The second section is the bad one.
        (
            {"points_systems": [{"key": "xp", "name": "XP"}], "tiers": [GOLD | {"criteria_config": {"min": 1}}]},
            "tiers[0].criteria_config.min: ",
        ),
        ([], "the file: "),
    ],
)
def test_bad_file_names_the_path_and_changes_nothing(shop: Tenant, file: Any, programme: Any, said: str) -> None:
    path = file(programme)
    before = rows()
    for options in ([], ["--dry-run"]):
        with pytest.raises(CommandError) as refusal:
            run(shop.slug, path, *options)
        assert path in str(refusal.value)
        assert said in str(refusal.value)
    assert rows() == before


def test_no_such_tenant_or_file(shop: Tenant, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        run("nobody", "-")
    with pytest.raises(CommandError, match="cannot be read"):
        run(shop.slug, str(tmp_path / "missing.json"))
    with pytest.raises(CommandError, match="cannot be read"):
        run(shop.slug, str(tmp_path))
