"""Who uses the engine: tenants, each with a sandbox twin, their API keys, and who looks after them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from tenants import zones
from tenants.rates import parse_rate
from tenants.scopes import SCOPES


def validate_rate(text: str) -> None:
    try:
        parse_rate(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def validate_time_zone(name: str) -> None:
    if name not in zones.names():
        raise ValidationError(f"{name!r} is not a time zone of the IANA database, such as Europe/Vienna.")


def validate_scopes(scopes: list[str]) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ValidationError(f"Unknown scope: {', '.join(unknown)}. Known: {', '.join(SCOPES)}.")


class TenantManager(models.Manager["Tenant"]):
    def by_slug(self, slug: str, *, sandbox: bool = False) -> "Tenant":
        """The tenant `slug`, or its sandbox. Raises Tenant.DoesNotExist."""
        return self.get(sandbox_of__slug=slug) if sandbox else self.get(slug=slug, sandbox_of=None)


class Tenant(models.Model):
    """One programme's owner. A sandbox is a tenant of its own, so isolation needs no second filter."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(
        max_length=50,
        validators=[RegexValidator(r"\A[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", "Use a-z, 0-9 and inner hyphens.")],
    )
    name = models.CharField(max_length=100)
    sandbox_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="sandbox", editable=False
    )
    is_active = models.BooleanField(
        default=True,
        help_text="A disabled tenant's keys, and its sandbox's, answer 403 from the next request on.",
    )
    participant_write_rate = models.CharField(
        max_length=20,
        null=True,
        blank=True,
        validators=[validate_rate],
        help_text="Writes per participant and window, such as 120/m. Empty: the installation's default.",
    )
    time_zone = models.CharField(
        max_length=50,
        default="UTC",
        validators=[validate_time_zone],
        help_text="Where its days, months and years begin and end, such as Europe/Vienna.",
    )
    # Grows with every change of the rules, in the same transaction; see gamify/queries/programme.py.
    programme_version = models.BigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TenantManager()

    class Meta:
        ordering = ("slug",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["slug"], condition=Q(sandbox_of__isnull=True), name="tenant_slug_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.slug} (sandbox)" if self.is_sandbox else self.slug

    @property
    def is_sandbox(self) -> bool:
        return self.sandbox_of_id is not None


class ApiKey(models.Model):
    """A key, of which only a hash is kept. `tenants.keys` is the one place that sees a raw one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=8, editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    # The look-up that authenticates every request.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=30), default=list, blank=True, validators=[validate_scopes])
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last_four}"


class Role(models.TextChoices):
    OPERATOR = "operator", "Operator: participants, rules and tiers"
    AUDITOR = "auditor", "Auditor: sees all, changes nothing"


class Membership(models.Model):
    """What somebody may do in the console for one tenant, its sandbox included. Superusers need none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="memberships", limit_choices_to={"sandbox_of": None}
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OPERATOR)

    class Meta:
        ordering = ("tenant__slug",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "tenant"], name="membership_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant}: {self.role}"
