"""The WSGI application that `manage.py serve`, or any other WSGI server, runs."""

import os
import re
from io import BytesIO
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from bricqs import embedded, logs

_BOUNDARY = re.compile(r";\s*boundary=[^;]*", re.IGNORECASE)


class Request(WSGIRequest):
    """Django's, for what real clients send and Django either drops or fails at before it could answer."""

    def __init__(self, environ: dict[str, Any]) -> None:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            # Django reads as much of a body as its length says, so nothing of one that came in chunks.
            body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        if content_type := environ.get("CONTENT_TYPE"):
            # Django believes any charset, even one that decodes no text. Of the parameters, only forms need theirs.
            boundary = "".join(_BOUNDARY.findall(content_type)[:1])
            environ["CONTENT_TYPE"] = content_type.partition(";")[0] + boundary
        super().__init__(environ)


class Handler(WSGIHandler):
    request_class = Request


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bricqs.settings")
embedded.provide_database_url()
django.setup(set_prefix=False)
logs.to_stdout()
application = Handler()
