"""Create the table of subscriptions: the systems that get the changes of the feed by webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_subscriptions",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("feed", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("batch_end", sa.BigInteger(), nullable=True),
        sa.Column("starts_over", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("position >= 0", name="position_is_counted"),
        sa.CheckConstraint("batch_end > position", name="a_batch_has_changes"),
    )


def downgrade() -> None:
    op.drop_table("feed_subscriptions")
