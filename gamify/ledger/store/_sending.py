"""Rows on their way to the database: many in one statement."""

from collections.abc import Sequence

from tenants.database import Row, placeholders, send

# PostgreSQL takes 65,535 parameters a statement; an account can have any number of lots that expire at once.
ROWS_PER_STATEMENT_MAX = 2_000


def insert(target: str, rows: Sequence[Row], on_conflict: str = "", *, columns: tuple[str, ...] = ()) -> None:
    if rows:
        columns = columns or ("$",) * len(rows[0])
        send_rows(f"INSERT INTO {target} VALUES {{rows}} {on_conflict}", rows, columns)  # noqa: S608 - our own text


def send_rows(sql: str, rows: Sequence[Row], columns: tuple[str, ...]) -> None:
    """Send `sql` with `rows` in the place of its VALUES list."""
    for start in range(0, len(rows), ROWS_PER_STATEMENT_MAX):
        chunk = rows[start : start + ROWS_PER_STATEMENT_MAX]
        send(
            sql.format(rows=placeholders(len(chunk), columns)),
            [value for values in chunk for value in values],
        )
