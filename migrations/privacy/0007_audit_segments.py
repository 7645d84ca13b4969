"""Create the signed audit segments, their prunes, and the counts of consent decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_segments",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("from_transaction", sa.BigInteger(), nullable=False),
        sa.Column("until_transaction", sa.BigInteger(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number > 0 AND event_count > 0", name="segment_holds_events"),
        sa.CheckConstraint("from_transaction < until_transaction", name="segment_covers_transactions"),
        sa.CheckConstraint("octet_length(entries) = 48 * event_count", name="every_event_has_its_entry"),
        sa.PrimaryKeyConstraint("number"),
    )
    # Hashes cannot be compressed: EXTERNAL saves the attempt.
    op.execute("ALTER TABLE audit_segments ALTER COLUMN entries SET STORAGE EXTERNAL")
    op.create_table(
        "audit_prunes",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("until_transaction", sa.BigInteger(), nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "consent_question_counts",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "actor", "purpose", "reason"),
    )
