"""Position access events by the newest transaction, and begin an epoch when the audit log moves to a server."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

POSITION = "CAST(CAST(GREATEST(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot())) AS text) AS bigint)"


def upgrade() -> None:
    op.create_table(
        "audit_eras",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("server", sa.BigInteger(), nullable=False),
        sa.Column("begins_after", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.execute("INSERT INTO audit_eras SELECT 1, system_identifier, 0, now() FROM pg_control_system()")
    op.execute(f"ALTER TABLE access_events ALTER COLUMN written_in SET DEFAULT {POSITION}")
    # With another isolation level, the position would be the newest one at the start of the transaction.
    op.execute(
        """
        CREATE FUNCTION access_event_is_placed() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            IF (pg_control_system()).system_identifier
                IS DISTINCT FROM (SELECT server FROM audit_eras ORDER BY number DESC LIMIT 1)
            THEN
                RAISE object_not_in_prerequisite_state USING MESSAGE = 'the record has no era on this server yet';
            END IF;
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                RAISE feature_not_supported USING MESSAGE = 'events are written by READ COMMITTED transactions';
            END IF;
            RETURN NULL;
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER access_event_is_placed BEFORE INSERT ON access_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_event_is_placed()"
    )
    # Only the owner may alter the table. The function lets its callers begin an epoch after a move.
    op.execute(
        f"""
        CREATE FUNCTION access_event_era() RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '3s' AS $$
        DECLARE
            here bigint := (pg_control_system()).system_identifier;
            era bigint;
            place bigint;
        BEGIN
            PERFORM pg_advisory_xact_lock(7235470);
            IF (SELECT server FROM audit_eras ORDER BY number DESC LIMIT 1) = here THEN
                RETURN NULL;
            END IF;
            LOCK TABLE access_events IN ACCESS EXCLUSIVE MODE;
            SELECT GREATEST(
                (SELECT max(written_in) FROM access_events),
                (SELECT max(until_transaction) FROM audit_segments),
                (SELECT max(until_transaction) FROM audit_prunes),
                (SELECT max(begins_after) FROM audit_eras)
            ) INTO place;
            INSERT INTO audit_eras (number, server, begins_after, begun_at)
            SELECT max(number) + 1, here, place, clock_timestamp() FROM audit_eras
            RETURNING number INTO era;
            EXECUTE format('ALTER TABLE access_events ALTER COLUMN written_in SET DEFAULT %s + {POSITION}', place);
            RETURN era;
        END
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION access_event_era() FROM PUBLIC")
    op.execute("REVOKE ALL ON FUNCTION access_event_is_placed() FROM PUBLIC")
