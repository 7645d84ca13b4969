"""Create access grants; partition access events by month and add operation hash, grant and transaction."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = "at, id, actor, role, case_reference, subject_id, action, fields, operation"


def upgrade() -> None:
    op.create_table(
        "access_grants",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("minutes BETWEEN 1 AND 60", name="grant_is_short"),
        sa.CheckConstraint("case_reference ~ '^[A-Za-z0-9#\\:_/-]{3,64}$'", name="case_is_a_reference"),
        sa.CheckConstraint("decided_by <> actor", name="nobody_decides_alone"),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="a_decision_has_its_time"),
        sa.CheckConstraint(
            "expires_at <= decided_at + make_interval(mins => minutes)", name="grant_ends_when_its_minutes_are_over"
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("id", name="access_grant_id_is_one"),
    )
    op.create_index("access_grants_by_time", "access_grants", ["asked_at", "id"])
    op.execute("ALTER TABLE access_events RENAME TO access_events_before")
    for name in ("access_events_by_time", "access_events_of_actor", "access_events_of_subject", "access_events_pkey"):
        op.execute(f"ALTER INDEX {name} RENAME TO {name}_before")
    op.create_table(
        "access_events",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("operation_hash", sa.LargeBinary(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column(
            "written_in",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)"),
        ),
        sa.CheckConstraint("action IN ('READ', 'WRITE', 'REFUSED', 'GRANT')", name="action_is_known"),
        sa.CheckConstraint("case_reference ~ '^[A-Za-z0-9#\\:_/-]{3,64}$'", name="case_is_a_reference"),
        sa.CheckConstraint("operation ~ '^[_A-Za-z][_0-9A-Za-z]{0,63}$'", name="operation_is_a_name"),
        sa.CheckConstraint("octet_length(operation_hash) = 32", name="operation_hash_is_one"),
        sa.CheckConstraint(
            "role IN ('STORE', 'SYNC', 'SERVICE', 'SUPPORT', 'BILLING', 'PRIVACY', 'AUDITOR', 'ANALYST', 'ADMIN')",
            name="role_is_known",
        ),
        sa.PrimaryKeyConstraint("at", "id"),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("access_events_of_actor", "access_events", ["actor", "at", "id"])
    op.create_index("access_events_of_subject", "access_events", ["subject_id", "at", "id"])
    op.create_index("access_events_by_commit", "access_events", ["written_in", "id"])
    op.create_index(
        "access_events_of_grant",
        "access_events",
        ["grant_id", "at", "id"],
        postgresql_where=sa.text("grant_id IS NOT NULL"),
    )
    op.execute("CREATE SCHEMA IF NOT EXISTS monthly")
    # Only the owner may create tables. The function lets its callers create the next monthly partitions.
    op.execute(
        """
        CREATE FUNCTION access_event_months(first date, months integer) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            start timestamptz;
            made integer := 0;
        BEGIN
            IF months NOT BETWEEN 1 AND 120 THEN
                RAISE EXCEPTION 'months is 1 to 120';
            END IF;
            PERFORM pg_advisory_xact_lock(7235468);
            FOR each IN 0 .. months - 1 LOOP
                start := (date_trunc('month', first) + make_interval(months => each)) AT TIME ZONE 'UTC';
                IF to_regclass('monthly.access_events_' || to_char(start AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL THEN
                    EXECUTE format(
                        'CREATE TABLE monthly.access_events_%s PARTITION OF public.access_events '
                        'FOR VALUES FROM (%L) TO (%L)',
                        to_char(start AT TIME ZONE 'UTC', 'YYYY_MM'),
                        start,
                        (start AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
                    );
                    made := made + 1;
                END IF;
            END LOOP;
            RETURN made;
        END
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION access_event_months(date, integer) FROM PUBLIC")
    op.execute(
        """
        SELECT access_event_months(CAST(month AS date), 1)
        FROM generate_series(
            LEAST((SELECT min(at) FROM access_events_before), now() - interval '1 month'),
            now() + interval '13 months', interval '1 month') AS month
        """
    )
    op.execute(f"INSERT INTO access_events ({COLUMNS}) SELECT {COLUMNS} FROM access_events_before ORDER BY at, id")
    op.execute("DROP TABLE access_events_before")
