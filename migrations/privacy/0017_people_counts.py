"""Create the counts of people that callers asked about, for the limits of tokens and roles.

The table is unlogged: a charge waits for no disk, and a crash empties the counts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_counts",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("minute_count", sa.Float(), nullable=False),
        sa.Column("day_count", sa.Float(), nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket"),
        prefixes=["UNLOGGED"],
    )
