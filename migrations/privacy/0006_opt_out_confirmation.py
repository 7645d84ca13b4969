"""Add the time of a repeated opt-out, which overrides every grant with an earlier time."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
