"""Add a hash of the reference of a sync account, by which a reference that belongs to another person is found."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows of the previous version have no hash until their next report.
    op.add_column("sync_accounts", sa.Column("reference_hash", sa.LargeBinary(), nullable=True))
    op.create_index("sync_accounts_by_reference", "sync_accounts", ["reference_hash"])


def downgrade() -> None:
    op.drop_index("sync_accounts_by_reference", "sync_accounts")
    op.drop_column("sync_accounts", "reference_hash")
