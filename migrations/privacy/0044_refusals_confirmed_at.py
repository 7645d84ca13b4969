"""Write the current choices in the rows of people, beside the previous version, which writes the table ``consents``.

The column holds when the current refusals were last repeated. ``fill_confirmed_refusals`` of the migration command fills
it. Triggers note the choices that processes of this version write, and copy choices in both directions.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations import consents_table

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

FUNCTIONS = (
    # The numbers are below those of later changes: a person has at least as many events as choices.
    """
CREATE FUNCTION note_choices_of_new_subjects() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO consent_changes (subject_id, number, kind, purpose, state, at, noted_at)
    SELECT s.id, c.number, 'CHOICE', c.purpose, c.choice ->> 0, CAST(c.choice ->> 1 AS timestamptz), clock_timestamp()
    FROM new_subjects AS s
    CROSS JOIN LATERAL jsonb_each(s.choices) WITH ORDINALITY AS c (purpose, choice, number);
    RETURN NULL;
END
$$
""",
    """
CREATE FUNCTION note_current_choice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO consent_changes (subject_id, number, kind, purpose, state, at, noted_at)
    SELECT NEW.id, NEW.epoch, 'CHOICE', c.purpose, c.choice ->> 0, CAST(c.choice ->> 1 AS timestamptz),
        clock_timestamp()
    FROM jsonb_each(NEW.choices) AS c (purpose, choice)
    WHERE c.choice IS DISTINCT FROM OLD.choices -> c.purpose;
    RETURN NULL;
END
$$
""",
)

TRIGGERS = (
    """
CREATE TRIGGER choices_of_new_subjects_are_noted AFTER INSERT ON subjects
REFERENCING NEW TABLE AS new_subjects
FOR EACH STATEMENT EXECUTE FUNCTION note_choices_of_new_subjects()
""",
    # A choice counts when the update that writes it also takes the person's next number.
    """
CREATE TRIGGER current_choice_is_noted AFTER UPDATE OF choices ON subjects
FOR EACH ROW WHEN (OLD.epoch IS DISTINCT FROM NEW.epoch) EXECUTE FUNCTION note_current_choice()
""",
)


def upgrade() -> None:
    op.add_column("subjects", sa.Column("refusals_confirmed_at", JSONB(), nullable=True))
    consents_table.copy_both_ways()
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)
    # A role that may execute such a function can make it write what it likes, by a trigger on a temporary table.
    op.execute(
        "REVOKE ALL ON FUNCTION note_choices_of_new_subjects(), note_current_choice(), note_choices(), note_choice(), "
        "note_status(), note_erased_subject() FROM PUBLIC"
    )


def downgrade() -> None:
    for name in ("choices_of_new_subjects_are_noted", "current_choice_is_noted"):
        op.execute(f"DROP TRIGGER {name} ON subjects")
    op.execute("DROP FUNCTION note_choices_of_new_subjects(), note_current_choice()")
    consents_table.copy_one_way()
    op.drop_column("subjects", "refusals_confirmed_at")
