"""Create the notices to privacy officers and to the witness of the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "notice IN ('access_grant_asked', 'people_token_issued', 'audit_head')", name="notice_is_known"
        ),
        sa.CheckConstraint("attempts >= 0", name="attempts_are_counted"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice", "about", name="a_notice_is_posted_once"),
    )
    op.create_index("notices_due", "notices", ["due_at"], postgresql_where=sa.text("sent_at IS NULL"))
