"""Add to access events the identity of the actor and a count of refusals, and to segments the version of their form.

Events and segments of the previous version have neither. Its workers go on to seal segments of version 1.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("access_events", sa.Column("actor_identity", sa.Text(), nullable=True))
    op.add_column("access_events", sa.Column("occurrences", sa.Integer(), nullable=True))
    op.add_column("audit_segments", sa.Column("version", sa.SmallInteger(), server_default="1", nullable=False))
