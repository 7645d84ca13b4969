"""Drop the foreign keys of the change feed: its triggers copy rows whose keys were checked in the same transaction."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

FOREIGN_KEYS = {
    "consent_changes_purpose_fkey": ("purposes", "purpose", "key"),
    "consent_changes_subject_id_fkey": ("subjects", "subject_id", "id"),
}


def upgrade() -> None:
    for name in FOREIGN_KEYS:
        op.drop_constraint(name, "consent_changes", type_="foreignkey")


def downgrade() -> None:
    for name, (table, column, target) in FOREIGN_KEYS.items():
        op.create_foreign_key(name, "consent_changes", table, [column], [target])
