"""The viewset that every dialect's endpoints build on. An action reads the request, calls one operation, replies."""

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from django.db import Error as DatabaseFault
from django.utils import timezone
from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from gamify.errors import Busy, CallerOutdated, DomainError, ScopeMissing, Unavailable
from gamify.http.authentication import ApiKeyAuthentication
from gamify.http.errors import ErrorTable, Refusal, database_refusal, invalid_input, protocol_refusal, refusal_of
from tenants import keys, telemetry
from tenants.keys import Caller
from tenants.refs import TenantRef

logger = logging.getLogger(__name__)


class JSONOnly(BaseContentNegotiation):
    """Every answer is JSON, whatever a client says it accepts: a browser's address bar included."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Request, renderers: Iterable[Any], format_suffix: Any = None) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class DialectViewSet(ViewSet):
    """Knows the caller, the tenant and the time; turns refusals into the dialect's replies."""

    authentication_classes: Any = [ApiKeyAuthentication]
    content_negotiation_class = JSONOnly
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    errors: ClassVar[ErrorTable] = {}
    # Any one of these opens the endpoint; none are needed where it is empty.
    scopes_accepted: ClassVar[tuple[str, ...]] = ()
    # Those whose operation confirms the caller's key in its own transaction, so that it can be recalled; see
    # `tenants.keys.recall`.
    confirming_actions: ClassVar[frozenset[str]] = frozenset()
    now: datetime
    # Known once the key has been accepted.
    caller: Caller | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # The clock is read here, once per request, and passed down.
        self.now = timezone.now()
        # gamify.dialects.bricqs.points: the package of a dialect is its name.
        telemetry.notes().dialect = type(self).__module__.split(".")[2]
        super().initial(request, *args, **kwargs)
        self.admit(request)

    def admit(self, request: Request) -> None:
        """Find out who is calling, and whether it may."""
        assert isinstance(request.user, Caller), "every endpoint authenticates"
        self.caller = request.user
        self.note_tenant(self.caller.tenant)
        if self.scopes_accepted and not self.caller.scopes.intersection(self.scopes_accepted):
            raise ScopeMissing(self.scopes_accepted)

    def note_tenant(self, tenant: TenantRef) -> None:
        """For the log: whose call it is."""
        notes = telemetry.notes()
        notes.tenant, notes.tenant_id = tenant.slug, tenant.id

    @property
    def tenant(self) -> TenantRef:
        assert self.caller is not None
        return self.caller.tenant

    def read(self, serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
        """Validate `data`. Raises InvalidInput."""
        try:
            return dict(_shared(serializer).run_validation(data))
        except exceptions.ValidationError as error:
            raise invalid_input(error) from error

    def write(self, serializer: type[serializers.Serializer[Any]], value: Any) -> dict[str, Any]:
        return _shared(serializer).to_representation(value)

    def refusal(self, error: DomainError) -> Refusal:
        return refusal_of(error, self.errors)

    def render_refusal(self, refusal: Refusal) -> Response:
        raise NotImplementedError("a dialect says how it words an error")

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, CallerOutdated):
            return self._again()
        if isinstance(exc, DatabaseFault) and (fault := database_refusal(exc)):
            # Not the caller's doing, so somebody here must hear of it.
            logger.error("The database failed", exc_info=exc)
            exc = fault
        refusal = self.refusal(exc) if isinstance(exc, DomainError) else protocol_refusal(exc)
        if refusal is None:
            raise exc
        if self.caller and self.caller.tenant.unconfirmed_key and not isinstance(exc, Busy | Unavailable):
            # Perhaps nothing has asked yet whether the key still opens anything; if not, that is what to refuse.
            try:
                self._identify_anew()
            except Exception as error:
                return self.handle_exception(error)
        telemetry.notes().refusal = refusal.code
        response = self.render_refusal(refusal)
        for name, value in refusal.headers.items():
            response[name] = value
        if refusal.status == 401:
            response["WWW-Authenticate"] = self.get_authenticate_header(self.request)
        response.exception = True
        return response

    def _again(self) -> Response:
        """The action once more, with the key looked up: what was remembered of it has changed."""
        try:
            self._identify_anew()
            response: Response = getattr(self, self.action)(self.request, *self.args, **self.kwargs)
        except Exception as error:
            return self.handle_exception(error)
        return response

    def _identify_anew(self) -> None:
        """Look the key up, whatever is remembered of it."""
        authentication: ApiKeyAuthentication = self.authentication_classes[0]()
        self.caller = None
        keys.forget(authentication.raw_key(self.request) or "")
        self.request.user, _ = authentication.authenticate(self.request)  # type: ignore[assignment] # the stubs know Django's users only
        self.admit(self.request)


@cache
def _shared(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    # Validating and rendering change nothing in a serializer without data of its own; making one copies every field.
    return serializer()
