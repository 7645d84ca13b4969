"""Record the internal systems that read or changed a person's data."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_systems",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint(
            "system ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(system) <= 32", name="holder_is_a_name"
        ),
        sa.PrimaryKeyConstraint("subject_id", "system"),
    )


def downgrade() -> None:
    op.drop_table("known_systems")
