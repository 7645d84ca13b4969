"""Record by which rule the hashes of email addresses were made under each look-up key."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Keys that exist have hashed addresses by the former rule. Keys that are created from now on have not.
    op.add_column("lookup_keys", sa.Column("address_form", sa.SmallInteger(), server_default="1", nullable=False))
    op.alter_column("lookup_keys", "address_form", server_default="2")
