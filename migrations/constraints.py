"""Changes of CHECK constraints that keep what other migrations added to them."""

import re

import sqlalchemy as sa
from alembic import op


def allow_values(table: str, column: str, *values: str) -> None:
    """Add values to the constraint ``COLUMN_is_known``, which limits a text column to the values of an enum.

    The constraint is replaced without a scan of the table, because each allowed value stays allowed.
    """
    name = f"{column}_is_known"
    query = sa.text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :name"
    )
    definition = op.get_bind().execute(query, {"table": table, "name": name}).scalar_one()
    known = re.findall(r"'((?:[^']|'')*)'::text", definition)
    listed = ", ".join(f"'{value}'" for value in dict.fromkeys((*known, *values)))
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK ({column} IN ({listed})) NOT VALID"
    )
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
