"""Add to tokens the system that they belong to, their approval, and the identity of their issuer.

Tokens that exist count as approved. Those of the store and of the sync service get the systems of these names.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tokens", sa.Column("issued_by_identity", sa.Text(), nullable=True))
    op.add_column("tokens", sa.Column("system", sa.Text(), nullable=True))
    op.add_column("tokens", sa.Column("approved_by", sa.Text(), nullable=True))
    op.add_column("tokens", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        "token_system_is_a_name",
        "tokens",
        "system ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(system) <= 32",
    )
    op.create_check_constraint("an_approval_has_its_time", "tokens", "(approved_by IS NULL) = (approved_at IS NULL)")
    op.execute(
        "UPDATE tokens SET approved_by = issued_by, approved_at = issued_at, "
        "system = CASE WHEN 'STORE' = ANY(roles) THEN 'store' WHEN 'SYNC' = ANY(roles) THEN 'sync' END"
    )
