"""Create the email outbox and the list of suppressed addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("context", sa.LargeBinary(), nullable=True),
        sa.Column("has_own_key", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default="QUEUED", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply_code", sa.SmallInteger(), nullable=True),
        sa.CheckConstraint(
            "letter IN ('identity_code', 'request_received', 'opted_out', 'consent_granted', 'details_corrected', "
            "'erasure_scheduled', 'erasure_done', 'erasure_denied')",
            name="letter_is_known",
        ),
        sa.CheckConstraint("state IN ('QUEUED', 'SENT', 'DROPPED', 'FAILED', 'UNCERTAIN')", name="state_is_known"),
        sa.CheckConstraint(
            "reason IN ('OPTED_OUT', 'RESTRICTED', 'ERASED', 'ADDRESS_STOPPED', 'ADDRESS_REFUSED', 'LETTER_REFUSED', "
            "'GAVE_UP', 'NO_ANSWER')",
            name="reason_is_known",
        ),
        sa.CheckConstraint("deed ~ '^[a-z]+\\:[0-9a-f]{1,32}$'", name="deed_is_an_id"),
        sa.CheckConstraint("octet_length(context) <= 4029", name="context_is_short"),
        sa.CheckConstraint("state = 'QUEUED' OR lease IS NULL", name="only_queued_letters_are_leased"),
        sa.CheckConstraint("state NOT IN ('SENT', 'DROPPED') OR address IS NULL", name="sent_letters_keep_no_address"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"]),
        sa.ForeignKeyConstraint(["purpose"], ["purposes.key"]),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("subject_id", "deed", "letter", "recipient", name="a_deed_posts_a_letter_once"),
        sa.UniqueConstraint("id", name="letter_id_is_one"),
    )
    op.create_index("letters_due", "letters", ["due_at"], postgresql_where=sa.text("state = 'QUEUED'"))
    op.create_index(
        "letters_to_look_at",
        "letters",
        ["posted_at", "id"],
        postgresql_where=sa.text("state IN ('FAILED', 'UNCERTAIN')"),
    )
    op.create_index("letters_with_keys", "letters", ["id"], postgresql_where=sa.text("has_own_key"))
    op.add_column("email_addresses", sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
