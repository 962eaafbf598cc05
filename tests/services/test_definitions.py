"""What services refuse of rules, whoever saves them: a form, an import, a file or the API."""

from collections.abc import Callable
from typing import Any

import pytest

from engagements.models import Engagement
from gamify.errors import InvalidInput
from gamify.models import Level, Metric, PointsSystem, Tier
from gamify.services import definitions, earning, programme_file
from tenants.models import Tenant


def tier(shop: Tenant, **fields: Any) -> Tier:
    return definitions.save_tier(Tier(tenant=shop, **{"code": "t", "name": "T", "level": 1, **fields}))


def engagement(shop: Tenant, **fields: Any) -> Engagement:
    return definitions.save_engagement(Engagement(tenant=shop, **{"name": "Quiz", **fields}))


def system(shop: Tenant, **fields: Any) -> PointsSystem:
    return definitions.save_points_system(PointsSystem(tenant=shop, **{"key": "gems", "name": "Gems", **fields}))


def origins(count: int) -> list[str]:
    return [f"https://play{number}.example.com" for number in range(count)]


@pytest.mark.parametrize(
    ("save", "field", "most", "too_much"),
    [
        (tier, "point_multiplier", "1000", "1000.0001"),
        (tier, "benefits", {}, []),
        (engagement, "allowed_origins", origins(50), origins(51)),
        (system, "notice_days", 3650, 3651),
        (system, "notice_days", 1, 0),
    ],
)
def test_what_is_saved_can_be_exported_and_applied(
    shop: Tenant, save: Callable[..., Any], field: str, most: Any, too_much: Any
) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(shop, **{field: too_much})
    assert [name for name, _ in refused.value.errors] == [field]
    save(shop, **{field: most})
    programme_file.apply(shop.sandbox, programme_file.export(shop))


@pytest.mark.parametrize("kind", ["points_system", "metric", "level"])
def test_a_second_one_with_the_key_is_refused(shop: Tenant, kind: str) -> None:
    def save() -> Any:
        if kind == "points_system":
            return system(shop)
        if kind == "metric":
            return earning.save_metric(Metric(tenant=shop, key="words", name="Words"))
        own = shop.points_systems.get()
        return earning.save_level(Level(tenant=shop, points_system=own, key="novice", name="Novice", points=0))

    save()
    with pytest.raises(InvalidInput) as refused:
        save()
    assert [name for name, _ in refused.value.errors] == ["key"]
