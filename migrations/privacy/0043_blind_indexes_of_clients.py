"""Keep blind indexes of a client's program, version and platform, so that statistics count them without decryption.

They are NULL in rows of the previous version, and in rows that the worker has not indexed yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

INDEXES = ("app_index", "version_index", "platform_index")


def upgrade() -> None:
    op.add_column("sync_clients", sa.Column("index_version", sa.SmallInteger(), nullable=True))
    for name in INDEXES:
        op.add_column("sync_clients", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("index_version", *INDEXES):
        op.drop_column("sync_clients", name)
