"""Time zones are the same to Python, which says when a day begins, and to PostgreSQL, which adds up by day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from tenants import zones

_CLOCKS = """
    SELECT name, %(moment)s::timestamptz AT TIME ZONE sql_name
      FROM unnest(%(names)s::text[], %(sql_names)s::text[]) AS zone (name, sql_name)
     WHERE sql_name IN (SELECT name FROM pg_timezone_names)
"""


# Long ago enough for every edition of the time zones to know of it.
@pytest.mark.parametrize("moment", [datetime(2019, 1, 1, 12, tzinfo=UTC), datetime(2019, 7, 1, 12, tzinfo=UTC)])
@pytest.mark.django_db
def test_clocks_are_the_same(moment: datetime) -> None:
    names = sorted(zones.names())
    with connection.cursor() as cursor:
        cursor.execute(_CLOCKS, {"moment": moment, "names": names, "sql_names": [zones.in_sql(name) for name in names]})
        in_sql = dict(cursor.fetchall())
    assert len(in_sql) > 400
    in_python = {name: moment.astimezone(ZoneInfo(name)).replace(tzinfo=None) for name in in_sql}
    assert in_sql == in_python


def test_what_is_no_zone_of_the_database_has_no_name() -> None:
    assert "localtime" not in zones.names()
    assert "Europe/Vienna" in zones.names()
