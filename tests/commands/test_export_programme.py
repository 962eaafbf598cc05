import io
import json
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from gamify.services import programme_file
from tenants.models import Tenant
from tests.programmes import make_badge, make_ladder, make_tier, rows


def run(*args: str) -> Any:
    out = io.StringIO()
    call_command("export_programme", *args, stdout=out)
    return json.loads(out.getvalue())


def test_prints_a_file_of_the_published_format_and_changes_nothing(shop: Tenant) -> None:
    make_ladder(shop)
    make_badge(shop, "first", "award_count", min_awards=1)
    before = rows()
    printed = run(shop.slug)
    assert rows() == before
    jsonschema.validate(printed, programme_file.schema())
    assert [tier["code"] for tier in printed["tiers"]] == ["bronze", "gold", "silver"]
    assert printed["badges"] == [
        {
            "code": "first",
            "name": "First",
            "description": None,
            "icon_url": None,
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 1},
            "is_active": True,
        }
    ]


def test_sandbox(shop: Tenant) -> None:
    make_tier(shop.sandbox, "t", 1)
    assert (len(run(shop.slug)["tiers"]), len(run(shop.slug, "--sandbox")["tiers"])) == (0, 1)


def test_text_of_any_script_is_printed_as_it_is(shop: Tenant) -> None:
    make_tier(shop, "zoë", 1, name="Zoë 🎈")
    out = io.StringIO()
    call_command("export_programme", shop.slug, stdout=out)
    assert '"Zoë 🎈"' in out.getvalue()


@pytest.mark.parametrize("options", [[], ["--sandbox"]])
def test_no_such_tenant(db: None, options: list[str]) -> None:
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        run("nobody", *options)
