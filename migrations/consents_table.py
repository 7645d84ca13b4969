"""The table ``consents`` of the previous version, and the triggers that copy choices between it and the rows of people.

The previous version writes the table, and this version writes the rows of people. The triggers that copy run for
statements of processes and not for those of triggers, so that no copy is copied back.
"""

import sqlalchemy as sa
from alembic import op

# As the owner of the tables: no role that serves callers writes both. The rows are locked before the choices are read,
# so that these are the latest.
KEEP_CHOICES = """
CREATE OR REPLACE FUNCTION keep_choices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM FROM subjects WHERE id IN (SELECT subject_id FROM changed) ORDER BY id FOR UPDATE;
    UPDATE subjects AS s
    SET (choices, refusals_confirmed_at) = (
        SELECT jsonb_object_agg(c.purpose, jsonb_build_array(c.state, c.effective_at, c.channel, c.policy_version)),
            jsonb_object_agg(c.purpose, c.confirmed_at) FILTER (WHERE c.confirmed_at IS NOT NULL)
        FROM consents AS c
        WHERE c.subject_id = s.id
    )
    WHERE s.id IN (SELECT subject_id FROM changed);
    RETURN NULL;
END
$$
"""
KEEP_CHOICES_OF_BEFORE = """
CREATE OR REPLACE FUNCTION keep_choices() RETURNS trigger
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

# The sequence number of a choice is that of the update which made it current. A row that is inserted with its choices
# comes before their events, and numbers from 1 on are those of events of the person. A repetition takes no number:
# while a roll-back fills the table, what it repeats may not be there yet, and is filled later.
COPY_CHOICES = """
CREATE FUNCTION copy_choices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM consents WHERE subject_id = NEW.id AND (NEW.choices -> purpose) IS NULL;
    INSERT INTO consents AS c
        (subject_id, purpose, state, effective_at, epoch, channel, policy_version, confirmed_at)
    SELECT NEW.id, n.purpose, n.choice ->> 0, CAST(n.choice ->> 1 AS timestamptz),
        CASE TG_OP WHEN 'INSERT' THEN n.number ELSE NEW.epoch END, n.choice ->> 2, n.choice ->> 3,
        CAST(NEW.refusals_confirmed_at ->> n.purpose AS timestamptz)
    FROM jsonb_each(NEW.choices) WITH ORDINALITY AS n (purpose, choice, number)
    WHERE (n.choice, NEW.refusals_confirmed_at -> n.purpose)
        IS DISTINCT FROM (OLD.choices -> n.purpose, OLD.refusals_confirmed_at -> n.purpose)
    AND (
        TG_OP = 'INSERT' OR NEW.epoch <> OLD.epoch
        OR EXISTS (SELECT FROM consents AS k WHERE k.subject_id = NEW.id AND k.purpose = n.purpose)
    )
    ON CONFLICT (subject_id, purpose) DO UPDATE
    SET state = excluded.state, effective_at = excluded.effective_at, channel = excluded.channel,
        policy_version = excluded.policy_version, confirmed_at = excluded.confirmed_at,
        epoch = CASE WHEN NEW.epoch = OLD.epoch THEN c.epoch ELSE excluded.epoch END;
    RETURN NULL;
END
$$
"""

REQUIRE_FILLED = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'choices_are_noted' AND tgenabled = 'D') THEN
        RAISE EXCEPTION 'the table consents is not filled: run `privacy migrate --roll-back` to its end';
    END IF;
END
$$
"""

NOTE_CHOICES = """
CREATE FUNCTION note_choices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO consent_changes (subject_id, number, kind, purpose, state, at, noted_at)
    SELECT subject_id, epoch, 'CHOICE', purpose, state, effective_at, clock_timestamp()
    FROM new_choices;
    RETURN NULL;
END
$$
"""
NOTE_CHOICE = """
CREATE FUNCTION note_choice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO consent_changes (subject_id, number, kind, purpose, state, at, noted_at)
    VALUES (NEW.subject_id, NEW.epoch, 'CHOICE', NEW.purpose, NEW.state, NEW.effective_at, clock_timestamp());
    RETURN NULL;
END
$$
"""


def create_table() -> None:
    """Create the table, without rows, and the functions that note its changes in the feed."""
    op.create_table(
        "consents",
        sa.Column("subject_id", sa.Uuid(), sa.ForeignKey("subjects.id"), primary_key=True),
        sa.Column("purpose", sa.Text(), sa.ForeignKey("purposes.key"), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('GRANTED', 'WITHDRAWN', 'OBJECTED', 'LAPSED')", name="state_is_known"),
        sa.ForeignKeyConstraint(["subject_id", "epoch"], ["consent_events.subject_id", "consent_events.epoch"]),
    )
    for function in (NOTE_CHOICES, NOTE_CHOICE):
        op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION note_choices(), note_choice() FROM PUBLIC")


def copy_both_ways() -> None:
    """Create the triggers that copy in both directions. Rows that are inserted come before their events."""
    op.execute("ALTER TABLE consents ALTER CONSTRAINT consents_subject_id_epoch_fkey DEFERRABLE INITIALLY DEFERRED")
    for function in (KEEP_CHOICES, COPY_CHOICES):
        op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION keep_choices(), copy_choices() FROM PUBLIC")
    _create_triggers_of_the_table(" WHEN (pg_trigger_depth() = 0)")
    op.execute(
        "CREATE TRIGGER choices_are_copied_on_insert AFTER INSERT ON subjects "
        "FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND NEW.choices IS NOT NULL) EXECUTE FUNCTION copy_choices()"
    )
    op.execute(
        "CREATE TRIGGER choices_are_copied_on_update AFTER UPDATE OF choices, refusals_confirmed_at ON subjects "
        "FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION copy_choices()"
    )


def copy_one_way() -> None:
    """Copy from the table only, and the choices without their repetitions, as the previous version does.

    Refuse a table that a roll-back has not filled: the first choice in it would replace all others of the person.
    """
    op.execute(REQUIRE_FILLED)
    _drop_copies_into_the_table()
    op.execute(KEEP_CHOICES_OF_BEFORE)
    _create_triggers_of_the_table("")
    op.execute("ALTER TABLE consents ALTER CONSTRAINT consents_subject_id_epoch_fkey NOT DEFERRABLE")


def drop_table() -> None:
    """Drop the table with its triggers, and the functions of all."""
    _drop_copies_into_the_table()
    op.drop_table("consents")
    op.execute("DROP FUNCTION keep_choices(), note_choices(), note_choice()")


def _drop_copies_into_the_table() -> None:
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER choices_are_copied_on_{event} ON subjects")
    op.execute("DROP FUNCTION copy_choices()")


def _create_triggers_of_the_table(condition: str) -> None:
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE OR REPLACE TRIGGER keep_choices_on_{event.lower()} AFTER {event} ON consents "
            f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT{condition} EXECUTE FUNCTION keep_choices()"
        )
    op.execute(
        "CREATE OR REPLACE TRIGGER choices_are_noted AFTER INSERT ON consents "
        f"REFERENCING NEW TABLE AS new_choices FOR EACH STATEMENT{condition} EXECUTE FUNCTION note_choices()"
    )
    both = "OLD.epoch IS DISTINCT FROM NEW.epoch" + (" AND pg_trigger_depth() = 0" if condition else "")
    op.execute(
        "CREATE OR REPLACE TRIGGER choice_is_noted AFTER UPDATE ON consents "
        f"FOR EACH ROW WHEN ({both}) EXECUTE FUNCTION note_choice()"
    )
