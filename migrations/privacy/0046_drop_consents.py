"""Drop the table ``consents``, which only the previous version reads and writes.

The downgrade creates it without rows and with its triggers disabled. ``roll_back`` fills it and enables them.
"""

from alembic import op

from migrations import consents_table

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

is_post_deployment = True
"""Whether the migration must not run while processes of the previous version serve."""


def upgrade() -> None:
    consents_table.drop_table()


def downgrade() -> None:
    consents_table.create_table()
    consents_table.copy_both_ways()
    op.execute("ALTER TABLE consents DISABLE TRIGGER USER")
