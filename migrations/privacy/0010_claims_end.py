"""The consent ledger of people who were erased goes when no claim can be brought any more."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Nobody who serves callers, and no worker, may delete from the ledger. This runs as its owner and takes what is over
# and nothing else: the term is in here. States and times of requests can be written by who may call it; when a line was
# recorded cannot, so that nothing younger than the term goes, whatever else is forged.
FORGET = """
CREATE FUNCTION forget_ended_claims(most integer) RETURNS TABLE (subject_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
BEGIN ATOMIC
    WITH ended AS (
        SELECT s.id
        FROM rights_requests AS r
        JOIN subjects AS s ON s.id = r.subject_id
        WHERE r.kind = 'ERASURE'
        AND r.state = 'COMPLETED'
        AND r.received_at < date_trunc('year', clock_timestamp(), 'UTC') - interval '3 years'
        AND r.completed_at < date_trunc('year', clock_timestamp(), 'UTC') - interval '3 years'
        AND s.status = 'ERASED'
        AND EXISTS (SELECT FROM consent_events AS e WHERE e.subject_id = s.id)
        AND NOT EXISTS (
            SELECT FROM consent_events AS e
            WHERE e.subject_id = s.id
            AND e.recorded_at >= date_trunc('year', clock_timestamp(), 'UTC') - interval '3 years'
        )
        LIMIT most
    ), gone AS (
        DELETE FROM consent_events AS e
        USING ended
        WHERE e.subject_id = ended.id
        RETURNING e.subject_id
    )
    SELECT DISTINCT gone.subject_id
    FROM gone;
END
"""


def upgrade() -> None:
    op.execute(FORGET)
    op.execute("REVOKE ALL ON FUNCTION forget_ended_claims(integer) FROM PUBLIC")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_ended_claims(integer)")
