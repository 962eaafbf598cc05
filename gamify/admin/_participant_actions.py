"""What an operator does to a participant: each through the same service as everybody else's calls, with a reason, once,
and written to the audit log in the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminBigIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from gamify.admin._refusals import complaints
from gamify.errors import DomainError
from gamify.models import Entry, Participant, PointsSystem, Tier
from gamify.services import points, tiers
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award, Deduct, Outcome, Result, Wallet
from gamify.services.tiers import Assign, Placement, Release
from tenants.console.pages import log
from tenants.models import Tenant
from tenants.refs import TenantRef

AMOUNT_MAX = 1_000_000
# Keys of console forms are their own: no caller of an API can have used one before.
SCOPE = "console"
SOURCE, OPERATOR, FORM = "source", "operator", "form"


class ReasonForm(forms.Form):
    # Made with the form: however often it is sent, it is done once.
    key = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept with the change and in the audit log. The participant may see it.",
    )

    def __init__(self, *args: Any, tenant_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant_id = tenant_id
        self.initial.setdefault("key", uuid4())

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if not reason.isprintable():
            raise forms.ValidationError("Please write it on one line.")
        return reason


class AmountForm(ReasonForm):
    amount = forms.IntegerField(
        min_value=1, max_value=AMOUNT_MAX, widget=UnfoldAdminBigIntegerFieldWidget, help_text="Whole points."
    )
    points_system = forms.ModelChoiceField(
        PointsSystem.objects.none(), empty_label=None, to_field_name="key", widget=UnfoldAdminSelectWidget
    )
    field_order = ["amount", "points_system", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["points_system"]
        field.queryset = PointsSystem.objects.filter(tenant_id=self.tenant_id).order_by("-is_default", "name")
        # The usual tenant has one, and need not be asked.
        if len(field.queryset) == 1:
            field.widget = forms.HiddenInput()
            self.initial.setdefault("points_system", field.queryset[0].key)


class AwardForm(AmountForm):
    expires_on = forms.DateField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="Until this day begins, in UTC. Empty: as the points system says.",
    )
    field_order = ["amount", "points_system", "reason", "expires_on"]


class TierForm(ReasonForm):
    tier = forms.ModelChoiceField(
        Tier.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="It stays there, whatever is earned, until it is released.",
    )
    field_order = ["tier", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["tier"]
        field.queryset = Tier.objects.filter(tenant_id=self.tenant_id, is_active=True).order_by("level")


Data = dict[str, Any]
Run = Callable[[TenantRef, str, Data, IdempotencyKey, dict[str, Any], datetime], Result]


@dataclass(frozen=True, slots=True)
class Action:
    title: str
    verb: str
    help: str
    form: type[ReasonForm]
    run: Run
    # What was done, in words.
    tell: Callable[[Any], str]
    is_danger: bool = False


def perform(request: HttpRequest, participant: Participant, action: Action, form: ReasonForm) -> str | None:
    """Do it, and say what was done; None where it was refused, and the form then says why."""
    data = form.cleaned_data
    key = IdempotencyKey(str(data["key"]), scope=SCOPE)
    by = {SOURCE: SCOPE, OPERATOR: request.user.get_username(), FORM: key.text}
    tenant = TenantRef.of(Tenant.objects.get(pk=participant.tenant_id))
    try:
        with transaction.atomic():
            result = action.run(tenant, participant.external_id, data, key, by, timezone.now())
            if result.error:
                raise result.error
            told = action.tell(result.outcome)
            if not result.replayed:
                log(request, participant, f"{told} Reason: {data['reason']}")
    except DomainError as error:
        for field, message in complaints(error):
            form.add_error(field if field in form.fields else _FIELD_OF.get(field or ""), message)
        return None
    return f"Already done: {told}" if result.replayed else told


def operator_of(entry: Entry, metadata: dict[str, Any], tenant_id: UUID) -> str | None:
    """Who made the entry in the console; None where nobody did.

    Any caller of an API may write the same metadata, but the operation's id is made of the key and its scope by us: no
    other call can have that of a form. It holds as long as the entry does, where the operation's row is pruned.
    """
    try:
        form = str(UUID(str(metadata.get(FORM))))
    except ValueError:
        return None
    is_ours = entry.operation_id == IdempotencyKey(form, scope=SCOPE).operation_id(tenant_id)
    return str(metadata.get(OPERATOR)) if is_ours else None


_FIELD_OF = {"expires_at": "expires_on"}


def _award(
    tenant: TenantRef, participant: str, data: Data, key: IdempotencyKey, by: dict[str, Any], now: datetime
) -> Result:
    day = data["expires_on"]
    expires_at = timezone.make_aware(datetime.combine(day, datetime.min.time())) if day else None
    wallet = Wallet(points_system=data["points_system"].key)
    item = Award(
        participant,
        data["amount"],
        reason=data["reason"],
        metadata=by,
        expires_at=expires_at,
        wallet=wallet,
        key=key,
    )
    return points.award(tenant=tenant, item=item, now=now)


def _deduct(
    tenant: TenantRef, participant: str, data: Data, key: IdempotencyKey, by: dict[str, Any], now: datetime
) -> Result:
    wallet = Wallet(points_system=data["points_system"].key)
    item = Deduct(participant, data["amount"], reason=data["reason"], metadata=by, wallet=wallet, key=key)
    return points.deduct(tenant=tenant, item=item, now=now)


def _assign(
    tenant: TenantRef, participant: str, data: Data, key: IdempotencyKey, by: dict[str, Any], now: datetime
) -> Result:
    item = Assign(participant, data["tier"].code, reason=data["reason"], key=key)
    return tiers.assign(tenant=tenant, item=item, now=now)


def _release(
    tenant: TenantRef, participant: str, data: Data, key: IdempotencyKey, by: dict[str, Any], now: datetime
) -> Result:
    return tiers.release(tenant=tenant, item=Release(participant, reason=data["reason"], key=key), now=now)


def _tell_award(outcome: Outcome) -> str:
    told = f"Awarded {outcome.amount:,} points; the balance is {outcome.new_balance:,}."
    if outcome.tier_upgrade:
        told += f" Moved up to {outcome.tier_upgrade['name']}."
    if outcome.badges_unlocked:
        told += f" Badges unlocked: {', '.join(outcome.badges_unlocked)}."
    return told


def _tell_deduct(outcome: Outcome) -> str:
    return f"Deducted {outcome.amount:,} points; the balance is {outcome.new_balance:,}."


def _tell_assign(placement: Placement) -> str:
    return f"Assigned to {placement.tier_name}."


def _tell_release(placement: Placement) -> str:
    return f"Released; now at {placement.tier_name or 'no tier'}."


ACTIONS = {
    "award": Action(
        "Award points",
        "Award",
        "Given as an app would give them: the tier's multiplier counts, and tiers and badges follow.",
        AwardForm,
        _award,
        _tell_award,
    ),
    "deduct": Action(
        "Deduct points",
        "Deduct",
        "Taken in the order of the points system. What was earned in a lifetime, and the tier, stay.",
        AmountForm,
        _deduct,
        _tell_deduct,
        is_danger=True,
    ),
    "assign": Action(
        "Assign a tier",
        "Assign",
        "Pins the participant to a tier, above or below what was earned.",
        TierForm,
        _assign,
        _tell_assign,
    ),
    "release": Action(
        "Release from the assigned tier",
        "Release",
        "Ends the pin: the participant goes to the tier that was earned.",
        ReasonForm,
        _release,
        _tell_release,
        is_danger=True,
    ),
}
