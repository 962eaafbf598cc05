"""Who is calling: the API key of a request."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from gamify.errors import CredentialsInvalid, CredentialsMissing, DomainError, TenantDisabled
from tenants import keys
from tenants.keys import Caller, KeyRefused


class ApiKeyAuthentication(BaseAuthentication):
    """`X-API-Key`. `request.user` becomes a `tenants.keys.Caller`; there are no anonymous calls.

    Raises CredentialsMissing, CredentialsInvalid, TenantDisabled.
    """

    header = "X-API-Key"

    def authenticate(self, request: Request) -> tuple[Caller, None]:
        now = request.parser_context["view"].now
        try:
            return keys.resolve(self.raw_key(request), now=now), None
        except KeyRefused as refused:
            raise _error(refused) from refused

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
