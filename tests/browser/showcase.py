"""A programme with a past, for screenshots and browser tests: `python -m tests.browser.showcase` on DATABASE_URL.

Everything is made by the product's own services, day by day, so that every page has something true to show.
"""

import os
import random
from datetime import datetime, timedelta

SLUG, NAME = "acme", "Acme Coffee"
LOGIN, PASSWORD = "olive", "correct-horse-battery"
DAYS = 100
PEOPLE = 240
FIRST = (
    "Anna",
    "Ben",
    "Cleo",
    "Dana",
    "Eli",
    "Fay",
    "Gus",
    "Hana",
    "Ivo",
    "June",
    "Kai",
    "Lena",
    "Milo",
    "Nora",
    "Otto",
)
LAST = ("Bloom", "Field", "Hill", "Lake", "Marsh", "Moss", "Reed", "Stone", "Vale", "Wood", "Brook", "Dale")
REASONS = (("Purchase completed", 60), ("Birthday bonus", 50), ("Friend invited", 120), ("Review written", 25))

PROGRAMME = {
    "points_systems": [{"key": "points", "name": "Beans", "notice_days": 14}],
    "badges": [
        {
            "code": "regular",
            "name": "Regular",
            "description": "Ten purchases or more",
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 10},
        },
        {
            "code": "first_cup",
            "name": "First cup",
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 1},
        },
    ],
    "tiers": [
        {"code": "bronze", "name": "Bronze", "level": 10, "color": "#CD7F32", "criteria_config": {"min_points": 200}},
        {
            "code": "silver",
            "name": "Silver",
            "level": 20,
            "color": "#9CA3AF",
            "criteria_config": {"min_points": 600},
            "point_multiplier": 1.1,
            "benefits": {"Free refill": "on Mondays"},
        },
        {
            "code": "gold",
            "name": "Gold",
            "level": 30,
            "color": "#EAB308",
            "criteria_config": {"min_points": 1200},
            "point_multiplier": 1.5,
            "benefits": {"Free refill": True, "Table reservation": True},
        },
        {"code": "vip", "name": "Friend of the house", "level": 40, "color": "#8B5CF6", "award_type": "manual"},
    ],
}


def make() -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils import timezone

    from gamify.services import participants, points, programme_file, tenants, tiers
    from gamify.services.participants import Identify
    from gamify.services.points import Award, Deduct
    from gamify.services.tiers import Assign
    from tenants import keys
    from tenants.models import Tenant
    from tenants.refs import TenantRef

    User.objects.create_superuser(LOGIN, password=PASSWORD, first_name="Olive", last_name="Operator")
    tenant, _ = tenants.create(slug=SLUG, name=NAME)
    for each in (tenant, tenant.sandbox):
        programme_file.apply(each, PROGRAMME)
    ref = TenantRef.of(Tenant.objects.get(pk=tenant.pk))
    dice = random.Random(7)
    people = {f"user_{n:04}": f"{dice.choice(FIRST)} {dice.choice(LAST)}" for n in range(1, PEOPLE + 1)}
    loyalty = {name: dice.random() ** 2 for name in people}
    start = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    for day in range(DAYS + 1):
        now = start + timedelta(days=day)
        if now > timezone.now():
            break
        visitors = [
            name for name in people if dice.random() < 0.02 + 0.16 * loyalty[name] * (1.3 if day % 7 > 4 else 1)
        ]
        awards = [Award(name, *_what(dice, now, day)) for name in visitors]
        for part in range(0, len(awards), 100):
            points.award_batch(tenant=ref, items=awards[part : part + 100], now=now)
        for name in visitors:
            if dice.random() < 0.12:
                later = now + timedelta(hours=2)
                points.deduct(tenant=ref, item=Deduct(name, dice.choice((50, 80, 150)), reason="Free drink"), now=later)
    for external_id, name in people.items():
        first, last = name.lower().split()
        known = {"name": name, "email": f"{first}.{last}@example.com"}
        participants.identify(tenant=ref, item=Identify(external_id, known), now=timezone.now())
    best = max(loyalty, key=lambda name: loyalty[name])
    tiers.assign(tenant=ref, item=Assign(best, "vip", reason="Opened the shop with us"), now=timezone.now())
    for scopes, name in (([], "shop backend"), (["admin"], "office scripts")):
        keys.issue(tenant=tenant, scopes=scopes, name=name)
    call_command("expire_points", verbosity=0)


def _what(dice: random.Random, now: datetime, day: int) -> tuple[int, str, dict[str, str] | None, datetime | None]:
    reason, amount = dice.choices(REASONS, weights=(14, 1, 2, 3))[0]
    amount = amount * dice.randint(50, 180) // 100
    metadata = {"order_id": f"ord_{dice.randint(10_000, 99_999)}"} if reason.startswith("Purchase") else None
    # Bonuses are there to be used: within forty days.
    return amount, reason, metadata, None if metadata else now + timedelta(days=40)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bricqs.settings")
    import django

    django.setup()
    make()
