from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gamify.models import PointsSystem
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


def create(*args: Any) -> str:
    out = StringIO()
    call_command("create_tenant", *args, stdout=out)
    return out.getvalue()


def test_makes_a_tenant_its_sandbox_and_their_points_systems() -> None:
    output = create("acme", "--name", "Acme Ltd.")
    tenant = Tenant.objects.by_slug("acme")
    assert output == f"Made 1 tenant: acme ({tenant.id}), with its sandbox ({tenant.sandbox.id}).\n"
    assert (tenant.name, tenant.sandbox.name, tenant.sandbox.slug) == ("Acme Ltd.", "Acme Ltd.", "acme")
    assert list(PointsSystem.objects.values_list("key", "name", "is_default")) == [("points", "Points", True)] * 2
    assert set(PointsSystem.objects.values_list("tenant_id", flat=True)) == {tenant.id, tenant.sandbox.id}


def test_name_is_the_slug_unless_given() -> None:
    create("acme")
    assert Tenant.objects.by_slug("acme").name == "acme"


def test_repeating_it_changes_nothing() -> None:
    create("acme", "--name", "Acme")
    before = list(Tenant.objects.values()), list(PointsSystem.objects.values())
    output = create("acme", "--name", "Other")
    assert output.startswith("Made 0 tenants; there already was: acme (")
    assert (list(Tenant.objects.values()), list(PointsSystem.objects.values())) == before


def test_repeating_it_completes_what_is_missing() -> None:
    create("acme")
    PointsSystem.objects.all().delete()
    Tenant.objects.filter(sandbox_of__isnull=False).delete()
    create("acme")
    assert (Tenant.objects.count(), PointsSystem.objects.count()) == (2, 2)


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a", "a-", "a_b", "é", "a\n", "x" * 51])
def test_bad_slug_is_refused(slug: str) -> None:
    with pytest.raises(CommandError, match=r"a-z, 0-9|at most 50|blank"):
        create("--name", "Acme", "--", slug)
    assert Tenant.objects.count() == 0


def test_too_long_a_name_is_refused() -> None:
    with pytest.raises(CommandError, match="100 characters"):
        create("acme", "--name", "x" * 101)
    assert Tenant.objects.count() == 0
