"""Create retention rules with their runs, and legal holds.

A rule with days first runs on the day after this migration, so that its count can be read before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CATEGORIES = (
    "category IN ('CONTACT', 'PROFILE', 'ACCOUNTS', 'CONSENTS', 'PAYMENT_FRAGMENTS', 'SYNC_METADATA', "
    "'SYNC_FILE_NAMES', 'LETTERS', 'REQUESTS', 'ACCESS_EVENTS')"
)
RULES = [
    ("CONTACT", None, "The person is a customer; their erasure removes it."),
    ("PROFILE", None, "The person is a customer; their erasure removes it."),
    ("ACCOUNTS", None, "The person is a customer; their erasure removes it."),
    ("CONSENTS", None, "Proof of consent, kept for three calendar years after an erasure."),
    ("PAYMENT_FRAGMENTS", 730, "Billing questions and refunds, for 24 months after a card expired."),
    ("SYNC_METADATA", 30, "Client state, for 30 days after it was last reported."),
    ("SYNC_FILE_NAMES", 30, "File names, for 30 days after they were last reported."),
    ("LETTERS", 365, "The trace of a letter, without its text, for 12 months."),
    ("REQUESTS", None, "Proof that rights were honoured, without a personal value."),
    ("ACCESS_EVENTS", None, "Proof of access. Old segments are pruned by a command."),
]
TIME = sa.DateTime(timezone=True)
NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    rules = op.create_table(
        "retention_rules",
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("set_at", TIME, server_default=NOW, nullable=False),
        sa.Column("would_remove", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_run_at", TIME, nullable=True),
        sa.Column("last_run_removed", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(CATEGORIES, name="category_is_known"),
        sa.CheckConstraint("days BETWEEN 1 AND 36500", name="days_are_counted"),
        sa.CheckConstraint("days IS NOT NULL OR reason IS NOT NULL", name="indefinite_needs_a_reason"),
        sa.PrimaryKeyConstraint("category"),
    )
    op.bulk_insert(rules, [dict(zip(("category", "days", "reason"), rule, strict=True)) for rule in RULES])
    op.create_table(
        "retention_runs",
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("ran_on", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("removed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", TIME, server_default=NOW, nullable=False),
        sa.Column("completed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("category", "ran_on"),
    )
    op.create_table(
        "retention_holds",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("held_at", TIME, server_default=NOW, nullable=False),
        sa.Column("released_at", TIME, nullable=True),
        sa.CheckConstraint("ground IN ('LEGAL_OBLIGATION', 'LEGAL_CLAIM')", name="a_hold_has_a_legal_ground"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("subject_id", "id"),
    )
    op.create_index(
        "a_person_is_held_once",
        "retention_holds",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
