"""The login, with a limit on failed attempts: by address and by user name."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from unfold.forms import AuthenticationForm

# Failed attempts. By name more than by address: whoever knows a name must not lock out its owner at once.
BY_ADDRESS = "10/5m"
BY_NAME = "20/15m"
TOO_MANY = "Too many failed attempts. Please wait a quarter of an hour, then try again."


class LoginForm(AuthenticationForm):
    def clean(self) -> Any:
        if self._count(increment=False):
            raise ValidationError(TOO_MANY, code="too_many_attempts")
        try:
            return super().clean()
        except ValidationError:
            self._count(increment=True)
            raise

    def _count(self, *, increment: bool) -> bool:
        """Whether a limit is reached; `increment`: one more failed attempt."""
        assert self.request is not None
        name = str(self.cleaned_data.get("username", "")).casefold()
        by_address = _is_reached(self.request, "address", "ip", BY_ADDRESS, increment)
        by_name = _is_reached(self.request, "name", lambda group, request: name, BY_NAME, increment)
        return by_address or by_name


def _is_reached(request: HttpRequest, group: str, key: Any, rate: str, increment: bool) -> bool:
    usage = get_usage(request, group=f"console.login.{group}", key=key, rate=rate, increment=increment)
    return usage is not None and usage["count"] >= usage["limit"]
