"""The WSGI application that `manage.py serve`, or any other WSGI server, runs."""

import os

from django.core.wsgi import get_wsgi_application

from bricqs import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bricqs.settings")
embedded.provide_database_url()
application = get_wsgi_application()
