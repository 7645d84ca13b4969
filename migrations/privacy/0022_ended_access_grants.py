"""Add to access grants the time at which one was ended by hand.

A server of the version before reads it as expired, because ending a grant moves its end.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_grants", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
