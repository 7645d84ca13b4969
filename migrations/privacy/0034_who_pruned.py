"""Record who pruned the audit log, and how much."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_prunes", sa.Column("pruned_by", sa.Text(), nullable=True))
    op.add_column("audit_prunes", sa.Column("segment_count", sa.BigInteger(), nullable=True))
    op.add_column("audit_prunes", sa.Column("event_count", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for column in ("event_count", "segment_count", "pruned_by"):
        op.drop_column("audit_prunes", column)
