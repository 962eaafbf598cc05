"""Makes participants in processes of their own, through the product's own services, before anything is measured."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.pool import Pool
from uuid import UUID

from bench.programme import FIRST_AWARD

PROCESSES = 2
BATCH_SIZE = 100


def award_once(url: str, slug: str, *, participants: int) -> None:
    """Make p0, p1, … with one award each, as batches of the engine do it."""
    with _processes(url) as pool:
        starts = range(0, participants, BATCH_SIZE)
        pool.starmap(_award_batch, [(slug, range(start, min(start + BATCH_SIZE, participants))) for start in starts])


def fill_deep(url: str, slug: str, *, participants: int, entries: int) -> None:
    """Make deep0, deep1, … with a long history each."""
    with _processes(url, 1) as pool:
        pool.apply(_fill, (slug, participants, entries))


def with_standing(url: str, slug: str, *, participants: int, awards: list[tuple[int, datetime]]) -> tuple[UUID, UUID]:
    """Make p0, p1, … at the tier and with the badges that `awards` lead to, but without them; see bench/history.py.
    Returns the ids of the tenant and its points system."""
    with _processes(url, 1) as pool:
        return pool.apply(_copy_participants, (slug, participants, awards))


@contextmanager
def _processes(url: str, number: int = PROCESSES) -> Iterator[Pool]:
    # Spawned, not forked: they share no connection, and Django is set up in them on the database in question.
    with multiprocessing.get_context("spawn").Pool(number, _set_up, (url,)) as pool:
        yield pool


def _set_up(url: str) -> None:
    os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bricqs.settings"}
    import django

    django.setup()


def _award_batch(slug: str, numbers: range) -> None:
    from gamify.services import points
    from gamify.services.points import Award
    from tenants.models import Tenant
    from tenants.refs import TenantRef

    tenant = TenantRef.of(Tenant.objects.by_slug(slug))
    items = [Award(f"p{number}", FIRST_AWARD, reason="Welcome") for number in numbers]
    batch = points.award_batch(tenant=tenant, items=items, now=datetime.now(tz=UTC))
    assert all(result.error is None for result in batch.results), batch


def _copy_participants(slug: str, participants: int, awards: list[tuple[int, datetime]]) -> tuple[UUID, UUID]:
    from django.db import connection

    from gamify.criteria import Standing
    from gamify.models import participant_id
    from gamify.queries import programme as programmes
    from tenants.models import Tenant

    tenant = Tenant.objects.by_slug(slug)
    programme, now = programmes.load(tenant.id), datetime.now(tz=UTC)
    standing = Standing(
        total_earned=sum(amount for amount, _ in awards),
        award_count=len(awards),
        earned_in_days={
            days: sum(amount for amount, at in awards if at > now - timedelta(days=days)) for days in programme.windows
        },
    )
    due = programme.evaluate(standing, None)
    codes = [badge.code for badge in (*due.badges, *due.badges_after)]
    columns = (
        "id, tenant_id, external_id, tier_id, tier_achieved_at, tier_pinned, badge_codes, window_writes, created_at"
    )
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY gamify_participant ({columns}) FROM STDIN") as to:
        for name in (f"p{number}" for number in range(participants)):
            tier = (due.tier.id, now) if due.tier else (None, None)
            to.write_row((participant_id(tenant.id, name), tenant.id, name, *tier, False, codes, 0, now))
    return tenant.id, programme.default_system.id


def _fill(slug: str, participants: int, entries: int) -> None:
    from bench.filling import fill
    from tenants.models import Tenant

    fill(Tenant.objects.by_slug(slug), participants=participants, awards=entries, prefix="deep")
