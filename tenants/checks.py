"""What is wrong with the settings, said at the start and not by the first call that needs them."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from tenants.rates import parse_rate

# Name of the setting, and whether it may be empty.
RATES = {"PARTICIPANT_WRITE_RATE": False, "SESSION_CALL_RATE": True, "FAILED_KEY_RATE": True}


@register
def check_rates(**_: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for name, may_be_empty in RATES.items():
        text = getattr(settings, name)
        try:
            if text or not may_be_empty:
                parse_rate(text)
        except ValueError as error:
            errors.append(Error(f"{name}: {error}", id="tenants.E001"))
    return errors
