#!/usr/bin/env python
"""Every command of the project starts here; see `python manage.py help`."""

import os
import sys

from bricqs import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bricqs.settings")
    embedded.provide_database_url()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
