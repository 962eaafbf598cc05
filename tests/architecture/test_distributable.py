"""The schema can be distributed by participant: what Citus would refuse is not in it."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection

# Table: the column that its rows are placed by. A table of this project that is not here is a reference table.
DISTRIBUTED = {
    "gamify_participant": "id",
    "gamify_account": "participant_id",
    "gamify_entry": "participant_id",
    "gamify_lot": "participant_id",
    "gamify_consumption": "participant_id",
    "gamify_tiertransition": "participant_id",
    "gamify_badgeunlock": "participant_id",
    "gamify_fact": "participant_id",
    "gamify_profile": "participant_id",
    "gamify_rewardcount": "participant_id",
    "gamify_metrictotal": "participant_id",
    "gamify_streak": "participant_id",
    "gamify_participantboost": "participant_id",
    "gamify_timepayment": "participant_id",
    # Placed by its key alone: a transaction about one participant reaches it by a second connection.
    "gamify_operation": "id",
    "engagements_session": "id",
}
APPS = ("tenants", "engagements", "gamify")

pytestmark = pytest.mark.django_db


def select(sql: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def tables() -> set[str]:
    models = [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    return {model._meta.db_table for model in models if model._meta.managed}


def foreign_keys() -> list[Any]:
    """(name, from, its columns, to, its columns)"""
    return select(
        """SELECT conname, conrelid::regclass::text,
                  (SELECT array_agg(attname::text) FROM pg_attribute
                    WHERE attrelid = conrelid AND attnum = ANY(conkey)),
                  confrelid::regclass::text,
                  (SELECT array_agg(attname::text) FROM pg_attribute
                    WHERE attrelid = confrelid AND attnum = ANY(confkey))
             FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)""",
        list(tables()),
    )


def test_every_participant_s_table_is_distributed() -> None:
    with_participant = {
        table
        for (table,) in select(
            """SELECT attrelid::regclass::text FROM pg_attribute
                WHERE attname = 'participant_id' AND attrelid::regclass::text = ANY(%s)""",
            list(tables()),
        )
    }
    assert with_participant == {table for table, column in DISTRIBUTED.items() if column == "participant_id"}


def test_every_table_has_a_primary_key() -> None:
    rows = select("SELECT indrelid::regclass::text FROM pg_index WHERE indisprimary")
    assert tables() - {table for (table,) in rows} == set()


@pytest.mark.parametrize(("table", "column"), DISTRIBUTED.items())
def test_whatever_is_unique_includes_the_distribution_column(table: str, column: str) -> None:
    rows = select(
        """SELECT indexrelid::regclass::text,
                  (SELECT array_agg(attname::text) FROM pg_attribute
                    WHERE attrelid = indrelid AND attnum = ANY(indkey))
             FROM pg_index WHERE (indisunique OR indisexclusion) AND indrelid = %s::regclass""",
        table,
    )
    assert rows
    assert [index for index, columns in rows if column not in columns] == []


@pytest.mark.parametrize(("table", "column"), DISTRIBUTED.items())
def test_distribution_column_is_a_uuid(table: str, column: str) -> None:
    rows = select(
        """SELECT format_type(atttypid, NULL), attnotnull, attgenerated, attidentity FROM pg_attribute
            WHERE attrelid = %s::regclass AND attname = %s""",
        table,
        column,
    )
    assert rows == [("uuid", True, "", "")]


def test_foreign_keys_between_distributed_tables_are_on_the_distribution_columns() -> None:
    broken = [
        name
        for name, table, columns, target, target_columns in foreign_keys()
        if table in DISTRIBUTED
        and target in DISTRIBUTED
        and (columns, target_columns) != ([DISTRIBUTED[table]], [DISTRIBUTED[target]])
    ]
    assert broken == []


def test_no_reference_table_points_at_a_distributed_one() -> None:
    keys = foreign_keys()
    assert keys
    assert [key for key in keys if key[1] not in DISTRIBUTED and key[3] in DISTRIBUTED] == []


def test_distributed_tables_point_at_nothing_outside() -> None:
    outside = [key for key in foreign_keys() if key[1] in DISTRIBUTED and key[3] not in tables()]
    assert outside == []


def test_distributed_tables_have_no_small_sequences() -> None:
    rows = select(
        """SELECT attrelid::regclass::text, attname FROM pg_attribute
            WHERE attrelid::regclass::text = ANY(%s) AND attnum > 0 AND atttypid <> 'int8'::regtype
              AND (attidentity <> '' OR pg_get_serial_sequence(attrelid::regclass::text, attname) IS NOT NULL)""",
        list(DISTRIBUTED),
    )
    assert rows == []


def test_the_only_trigger_is_the_one_that_citus_replaces_by_rights() -> None:
    rows = select(
        """SELECT tgrelid::regclass::text, tgname FROM pg_trigger
            WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY(%s)""",
        list(tables()),
    )
    assert rows == [("gamify_entry", "gamify_entry_immutable")]
