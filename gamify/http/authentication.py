"""Who is calling: the API key of a request."""

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from gamify.errors import AddressLimited, CredentialsInvalid, CredentialsMissing, DomainError, TenantDisabled
from tenants import addresses, keys
from tenants.keys import Caller, KeyRefused


class ApiKeyAuthentication(BaseAuthentication):
    """`X-API-Key`. `request.user` becomes a `tenants.keys.Caller`; there are no anonymous calls.

    Raises CredentialsMissing, CredentialsInvalid, TenantDisabled; AddressLimited instead, where too many calls of one
    address failed.
    """

    header = "X-API-Key"

    def authenticate(self, request: Request) -> tuple[Caller, None]:
        view = request.parser_context["view"]
        raw_key = self.raw_key(request)
        if view.action in view.confirming_actions and (caller := keys.recall(raw_key, now=view.now)):
            return caller, None
        try:
            return keys.resolve(raw_key, now=view.now), None
        except KeyRefused as refused:
            wait = addresses.seconds_to_wait(request._request, group="failed-key", rate=settings.FAILED_KEY_RATE)
            raise (_error(refused) if wait is None else AddressLimited(wait)) from refused

    def raw_key(self, request: Request) -> str | None:
        return request.headers.get(self.header)

    def authenticate_header(self, request: Request) -> str:
        # Without this, DRF answers 403 where 401 is due.
        return f'ApiKey realm="points", header="{self.header}"'


def _error(refused: KeyRefused) -> DomainError:
    if refused.reason == "missing":
        return CredentialsMissing()
    if refused.reason == "tenant_disabled":
        return TenantDisabled()
    return CredentialsInvalid(refused.reason)
