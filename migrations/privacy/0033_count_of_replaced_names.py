"""Keep how many names of an account's file list were replaced by a placeholder."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sync_accounts", sa.Column("replaced_name_count", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("sync_accounts", "replaced_name_count")
