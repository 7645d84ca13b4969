"""Keep the current choices of a person in the person's row, beside the table of choices.

Triggers keep the column in step with the table, so that the previous version, which writes only the table, may serve at
the same time. ``fill_choices`` of the migration command fills the rows from before. NULL means no choice.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

# As the owner of the table: the roles that serve callers have no right to the column. The rows are locked before the
# choices are read, so that these are the latest.
KEEP_CHOICES = """
CREATE FUNCTION keep_choices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM FROM subjects WHERE id IN (SELECT subject_id FROM changed) ORDER BY id FOR UPDATE;
    UPDATE subjects AS s
    SET choices = (
        SELECT jsonb_object_agg(c.purpose, jsonb_build_array(c.state, c.effective_at, c.channel, c.policy_version))
        FROM consents AS c
        WHERE c.subject_id = s.id
    )
    WHERE s.id IN (SELECT subject_id FROM changed);
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.add_column("subjects", sa.Column("choices", JSONB(), nullable=True))
    # A changed row stays on its page, where the indexes find it.
    op.execute("ALTER TABLE subjects SET (fillfactor = 85)")
    op.execute(KEEP_CHOICES)
    op.execute("REVOKE ALL ON FUNCTION keep_choices() FROM PUBLIC")
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER keep_choices_on_{event.lower()} AFTER {event} ON consents "
            f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_choices()"
        )
