"""Add the address that a verification code was mailed to, so that a confirmed code verifies it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity_codes", sa.Column("address_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("identity_codes", "address_id")
