"""The console's middleware, kept to the console: API calls have no sessions, and should not pay for them."""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware as Authentication
from django.contrib.messages.middleware import MessageMiddleware as Message
from django.contrib.sessions.middleware import SessionMiddleware as Session
from django.db import connection
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

CONSOLE = "/admin/"


class _ForConsole(MiddlewareMixin):
    """Passes on whatever is not for the console."""

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(CONSOLE):
            return super().__call__(request)
        return self.get_response(request)


class SessionMiddleware(_ForConsole, Session):
    """The first to ask the database, which may have been restarted since this thread last did."""

    def process_request(self, request: HttpRequest) -> None:
        if connection.connection and not connection.is_usable():
            connection.close()
        super().process_request(request)


class AuthenticationMiddleware(_ForConsole, Authentication):
    pass


class MessageMiddleware(_ForConsole, Message):
    pass
