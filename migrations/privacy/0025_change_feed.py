"""Add the change feed. Triggers append to it, so that servers of the version before write to it, too.

The feed begins with the choices that count now, and with the standing opt-outs, restrictions and erasures.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KINDS = "'CHOICE', 'OPTED_OUT_OF_ALL', 'RESTRICTED', 'RESTRICTION_LIFTED', 'ERASING', 'ERASED'"
STATES = "'GRANTED', 'WITHDRAWN', 'OBJECTED', 'LAPSED'"

FUNCTIONS = (
    """
CREATE FUNCTION note_choices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO consent_changes (subject_id, number, kind, purpose, state, at, noted_at)
    SELECT subject_id, epoch, 'CHOICE', purpose, state, effective_at, clock_timestamp()
    FROM new_choices;
    RETURN NULL;
END
$$
""",
    """
CREATE FUNCTION note_choice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO consent_changes (subject_id, number, kind, purpose, state, at, noted_at)
    VALUES (NEW.subject_id, NEW.epoch, 'CHOICE', NEW.purpose, NEW.state, NEW.effective_at, clock_timestamp());
    RETURN NULL;
END
$$
""",
    """
CREATE FUNCTION note_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF OLD.opted_out_at IS NULL AND NEW.opted_out_at IS NOT NULL THEN
        NEW.epoch := NEW.epoch + 1;
        INSERT INTO consent_changes (subject_id, number, kind, at, noted_at)
        VALUES (NEW.id, NEW.epoch, 'OPTED_OUT_OF_ALL', NEW.opted_out_at, clock_timestamp());
    END IF;
    IF OLD.status <> NEW.status THEN
        NEW.epoch := NEW.epoch + 1;
        INSERT INTO consent_changes (subject_id, number, kind, at, noted_at)
        VALUES (
            NEW.id, NEW.epoch, CASE NEW.status WHEN 'ACTIVE' THEN 'RESTRICTION_LIFTED' ELSE NEW.status END,
            clock_timestamp(), clock_timestamp()
        );
    END IF;
    RETURN NEW;
END
$$
""",
    """
CREATE FUNCTION note_erased_subject() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO consent_changes (subject_id, number, kind, at, noted_at)
    VALUES (NEW.id, 0, NEW.status, clock_timestamp(), clock_timestamp());
    RETURN NULL;
END
$$
""",
)

TRIGGERS = (
    # A replay of the erasure ledger inserts erased people whom the restored database lacks.
    """
CREATE TRIGGER erased_subject_is_noted AFTER INSERT ON subjects
FOR EACH ROW WHEN (NEW.status <> 'ACTIVE') EXECUTE FUNCTION note_erased_subject()
""",
    """
CREATE TRIGGER choices_are_noted AFTER INSERT ON consents
REFERENCING NEW TABLE AS new_choices
FOR EACH STATEMENT EXECUTE FUNCTION note_choices()
""",
    """
CREATE TRIGGER choice_is_noted AFTER UPDATE ON consents
FOR EACH ROW WHEN (OLD.epoch IS DISTINCT FROM NEW.epoch) EXECUTE FUNCTION note_choice()
""",
    """
CREATE TRIGGER status_is_noted BEFORE UPDATE ON subjects
FOR EACH ROW WHEN (OLD.status <> NEW.status OR (OLD.opted_out_at IS NULL AND NEW.opted_out_at IS NOT NULL))
EXECUTE FUNCTION note_status()
""",
)

BACKFILL = (
    """
INSERT INTO consent_changes (subject_id, number, kind, purpose, state, at, noted_at)
SELECT subject_id, epoch, 'CHOICE', purpose, state, effective_at, clock_timestamp()
FROM consents
""",
    """
WITH counted AS (
    UPDATE subjects SET epoch = epoch + 2
    WHERE status <> 'ACTIVE' OR opted_out_at IS NOT NULL
    RETURNING id, epoch, status, opted_out_at
), opted_out AS (
    INSERT INTO consent_changes (subject_id, number, kind, at, noted_at)
    SELECT id, epoch - 1, 'OPTED_OUT_OF_ALL', opted_out_at, clock_timestamp() FROM counted WHERE opted_out_at IS NOT NULL
)
INSERT INTO consent_changes (subject_id, number, kind, at, noted_at)
SELECT id, epoch, status, clock_timestamp(), clock_timestamp() FROM counted WHERE status <> 'ACTIVE'
""",
)


def upgrade() -> None:
    op.create_table(
        "change_feed",
        sa.Column("is_one", sa.Boolean(), primary_key=True),
        sa.Column("feed", sa.Uuid(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("pruned_position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("is_one", name="there_is_one_feed"),
    )
    op.execute("INSERT INTO change_feed VALUES (true, gen_random_uuid(), 0, 0)")
    op.create_table(
        "consent_changes",
        sa.Column("subject_id", sa.Uuid(), sa.ForeignKey("subjects.id"), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), sa.ForeignKey("purposes.key"), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="kind_is_known"),
        sa.CheckConstraint(f"state IN ({STATES})", name="state_is_known"),
        sa.CheckConstraint(
            "(kind = 'CHOICE') = (purpose IS NOT NULL AND state IS NOT NULL)", name="a_choice_has_its_state"
        ),
    )
    op.create_index("consent_changes_by_position", "consent_changes", ["position"])
    op.create_index(
        "consent_changes_to_place",
        "consent_changes",
        ["subject_id", "number"],
        postgresql_where=sa.text("position IS NULL"),
    )
    for statement in (*FUNCTIONS, *TRIGGERS, *BACKFILL):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER erased_subject_is_noted ON subjects")
    op.execute("DROP TRIGGER status_is_noted ON subjects")
    op.execute("DROP TRIGGER choice_is_noted ON consents")
    op.execute("DROP TRIGGER choices_are_noted ON consents")
    for function in ("note_erased_subject", "note_status", "note_choice", "note_choices"):
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_table("consent_changes")
    op.drop_table("change_feed")
