"""Make the demo tenant, once, and say how to use it."""

import json
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from engagements.models import Engagement
from gamify.services import points, programme_file, tenants
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award, Deduct
from tenants import keys
from tenants.models import Tenant
from tenants.refs import TenantRef
from tenants.scopes import ADMIN

SLUG = "demo"
LOGIN = "demo"
# participant, points awarded over the last weeks, points spent
HISTORY = [
    ("user_123", (500, 250, 100), 50),
    ("user_42", (4000, 900), 300),
    ("alice@example.com", (120,), 0),
    ("Zoë 🎈", (60, 60, 60), 100),
]
PROGRAMME = {
    "points_systems": [{"key": "points", "name": "Points", "notice_days": 14}],
    "badges": [
        {
            "code": "first_purchase",
            "name": "First purchase",
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 1},
        }
    ],
    "tiers": [
        {"code": "bronze", "name": "Bronze", "level": 10, "color": "#CD7F32", "criteria_config": {"min_points": 100}},
        {"code": "silver", "name": "Silver", "level": 20, "color": "#C0C0C0", "criteria_config": {"min_points": 1000}},
        {
            "code": "gold",
            "name": "Gold",
            "level": 30,
            "color": "#FFD700",
            "criteria_config": {"min_points": 5000},
            "point_multiplier": 1.5,
        },
        {"code": "vip", "name": "VIP", "level": 40, "award_type": "manual"},
    ],
    "reward_rules": [{"event_type": "signup", "points": 500, "cap_count": 1}],
    "engagements": [{"name": "Summer quiz", "allowed_origins": ["http://localhost:3000"]}],
}


class Command(BaseCommand):
    help = "Make a tenant named demo with participants, keys and a console login; the second time, only show them."

    def handle(self, *args: Any, **options: Any) -> None:
        # The one place where raw keys are kept: those of a demo, beside its database, for its owner's eyes only.
        path = settings.DATA_DIR / "demo.json"
        if not Tenant.objects.filter(slug=SLUG).exists():
            credentials = _seed()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps(credentials, indent=2))
        if path.exists():
            self.stdout.write(_instructions(json.loads(path.read_text())))
        else:
            self.stdout.write(f"The demo tenant is there; its keys are not on this machine ({path} is missing).")


@transaction.atomic
def _seed() -> dict[str, str]:
    live, _ = tenants.create(slug=SLUG, name="Demo")
    for tenant in (live, live.sandbox):
        programme_file.apply(tenant, PROGRAMME)
        _history(tenant)
    live_key, _ = keys.issue(tenant=live, scopes=[ADMIN], name="demo")
    sandbox_key, _ = keys.issue(tenant=live.sandbox, scopes=[ADMIN], name="demo")
    password = get_random_string(16)
    user, _ = User.objects.get_or_create(username=LOGIN, defaults={"is_staff": True, "is_superuser": True})
    user.set_password(password)
    user.save(update_fields=["password"])
    return {"live_key": live_key, "sandbox_key": sandbox_key, "login": LOGIN, "password": password}


def _history(tenant: Tenant) -> None:
    ref, start = TenantRef.of(Tenant.objects.get(pk=tenant.pk)), timezone.now() - timedelta(days=30)
    for participant, awards, spent in HISTORY:
        for week, amount in enumerate(awards):
            now = start + timedelta(weeks=week)
            item = Award(
                participant,
                amount,
                reason="Purchase completed",
                metadata={"order_id": f"ord_{week + 1}"},
                # The last credit of each expires, so that there is something to see.
                expires_at=start + timedelta(days=120) if week == len(awards) - 1 else None,
                key=IdempotencyKey(f"demo-{participant}-{week}", scope="demo"),
            )
            points.award(tenant=ref, item=item, now=now)
        if spent:
            item_spent = Deduct(participant, spent, reason="Reward redemption")
            points.deduct(tenant=ref, item=item_spent, now=start + timedelta(weeks=len(awards)))


def _engagement_id() -> str:
    engagement = Engagement.objects.filter(tenant=Tenant.objects.by_slug(SLUG)).order_by("created_at").first()
    return str(engagement.id) if engagement else "none yet"


def _instructions(demo: dict[str, str]) -> str:
    base = f"http://{_host()}:{settings.SERVE_PORT}"
    return f"""
  Live key      {demo["live_key"]}
  Sandbox key   {demo["sandbox_key"]}
  Console       {base}/admin/   login {demo["login"]}   password {demo["password"]}
  API docs      {base}/api/docs/
  Engagement    {_engagement_id()}

  Award 100 points:

  curl -X POST {base}/api/v1/gamify/points/award \\
    -H 'X-API-Key: {demo["live_key"]}' -H 'Content-Type: application/json' -H 'Idempotency-Key: order-ord_abc' \\
    -d '{{"participant_id": "user_123", "amount": 100, "reason": "Purchase completed"}}'
"""


def _host() -> str:
    """As a URL on this machine has it: a server that listens on every address can be asked on the local one."""
    host = str(settings.SERVE_HOST)
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1"
    return f"[{address}]" if address.version == 6 else host
