"""Keep the first moment of an opt-out apart from its last repetition."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subjects", sa.Column("opted_out_confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("suppressions", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
