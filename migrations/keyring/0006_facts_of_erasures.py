"""Keep the facts of each erasure in the ledger: counts, systems, certificate and statements of replays."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHECKS = {
    "counts_are_numbers": "CAST(erased AS text) ~ '^\\{(\"[a-z ]{1,60}\"\\: [0-9]+(, )?)*\\}$'",
    "systems_are_names": "array_to_string(systems, ' ') ~ '^([a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*)?$'",
    "certificate_is_a_jws": "certificate ~ '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$'",
    "replays_are_jws": (
        "array_to_string(replays, ' ') ~ '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+"
        "( [A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+)*$'"
    ),
}


def upgrade() -> None:
    op.add_column("erasures", sa.Column("erased", postgresql.JSONB(), nullable=True))
    op.add_column("erasures", sa.Column("systems", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("erasures", sa.Column("certificate", sa.Text(), nullable=True))
    op.add_column("erasures", sa.Column("certified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("erasures", sa.Column("replays", postgresql.ARRAY(sa.Text()), nullable=True))
    for name, condition in CHECKS.items():
        op.create_check_constraint(name, "erasures", condition)
    op.create_index(
        "erasures_without_certificate",
        "erasures",
        ["position"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NOT NULL AND certificate IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("erasures_without_certificate", table_name="erasures")
    for name in CHECKS:
        op.drop_constraint(name, "erasures")
    for column in ("replays", "certified_at", "certificate", "systems", "erased"):
        op.drop_column("erasures", column)
