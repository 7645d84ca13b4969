"""Create the list of addresses of erased children that may be registered again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lifted_suppressions",
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="lifted_hash_is_one"),
        sa.ForeignKeyConstraint(["subject_id"], ["erasures.subject_id"]),
        sa.PrimaryKeyConstraint("lookup_hash", "subject_id"),
    )


def downgrade() -> None:
    op.drop_table("lifted_suppressions")
