"""What the console's dashboard adds up, kept so that it need not; and when the sweep last ran.

Nothing here is written by an award. `gamify.services.totals` follows the stream of facts and adds what is new.
"""

from django.db import models

from gamify.models.points import PointsSystem
from tenants.models import Tenant


class DailyTotal(models.Model):
    """The sum of one day's entries of one kind and reason, in the tenant's time zone. Debits are negative."""

    # In the order in which the dashboard asks: one system, a range of days.
    pk = models.CompositePrimaryKey("points_system_id", "day", "kind", "reason", "is_rest")
    points_system = models.ForeignKey(PointsSystem, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=10)
    # Empty: none was given.
    reason = models.CharField(max_length=500)
    # All further reasons of a day together, once there are too many to keep apart.
    is_rest = models.BooleanField()
    points = models.BigIntegerField()
    entries = models.BigIntegerField()


class TotalsMark(models.Model):
    """How far into a tenant's stream of facts its totals have come; and in which time zone their days are."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    transaction = models.BigIntegerField()
    fact_id = models.UUIDField()
    time_zone = models.CharField(max_length=50)


class Sweep(models.Model):
    """The last run of expire_points over a points system."""

    points_system = models.OneToOneField(
        PointsSystem, on_delete=models.CASCADE, primary_key=True, related_name="last_sweep"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    entries = models.BigIntegerField()
    points = models.BigIntegerField()
    # False: --max-seconds was over before it was through, or the ledger is broken.
    is_complete = models.BooleanField()
