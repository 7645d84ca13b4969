"""Add the function that deletes consent events of erased people after the limitation period of claims."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# No role of the API or the workers may DELETE consent events. The function runs as the owner of the table, and it
# contains the retention period. A caller could forge states and times of requests, but not `recorded_at`: events
# younger than the period are never deleted.
CREATE_FUNCTION = """
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
    op.execute(CREATE_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION forget_ended_claims(integer) FROM PUBLIC")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_ended_claims(integer)")
