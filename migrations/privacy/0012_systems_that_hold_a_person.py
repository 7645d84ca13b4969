"""Name the system that holds each sync account and payment fragment, and all references of an erasure step."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

DEFAULTS = {"sync_accounts": "sync", "payment_fragments": "store", "payment_removals": "store"}


def upgrade() -> None:
    for table, system in DEFAULTS.items():
        op.add_column(table, sa.Column("system", sa.Text(), server_default=system, nullable=False))
    op.add_column("erasure_steps", sa.Column("reference_list", sa.LargeBinary(), nullable=True))
    op.create_check_constraint("step_references_are_bounded", "erasure_steps", "octet_length(reference_list) <= 51531")


def downgrade() -> None:
    op.drop_column("erasure_steps", "reference_list")
    for table in DEFAULTS:
        op.drop_column(table, "system")
