"""Create the protected figures of each day."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statistics_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "computed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("subjects", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "statistics_figures",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["day"], ["statistics_days.day"]),
        sa.PrimaryKeyConstraint("day", "topic", "name"),
    )
