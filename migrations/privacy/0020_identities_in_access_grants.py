"""Add to access grants the identities of the actor who asked and of the actor who decided, beside their names.

A grant that an earlier version wrote has no identity: it opens to no token any more, and is asked for again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_grants", sa.Column("actor_identity", sa.Text(), nullable=True))
    op.add_column("access_grants", sa.Column("decided_by_identity", sa.Text(), nullable=True))
