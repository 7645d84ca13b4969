"""Refuse every change of a person's id, so that a right to update it only permits to lock the row.

PostgreSQL lets a role lock a row only if it may update one of its columns. Groups of mutations lock people whose rows
they do not write.
"""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION refuse_new_id() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the id of a person never changes' USING ERRCODE = 'insufficient_privilege';
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER id_never_changes BEFORE UPDATE OF id ON subjects FOR EACH STATEMENT "
        "EXECUTE FUNCTION refuse_new_id()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER id_never_changes ON subjects")
    op.execute("DROP FUNCTION refuse_new_id()")
