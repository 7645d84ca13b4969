"""Create the list of rewritings of the tables of keys, by which remnants of destroyed keys are found."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_rewrites",
        sa.Column("rewritten_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_count", sa.BigInteger(), nullable=False),
        sa.Column("wal_file", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("rewritten_at"),
    )
