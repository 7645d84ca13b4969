"""Keep to which recipients data of an erased person went, and allow the notice that names them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.constraints import allow_values

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rights_requests", sa.Column("recipients", ARRAY(sa.Text()), nullable=True))
    allow_values("notices", "notice", "recipients_to_notify")


def downgrade() -> None:
    op.drop_column("rights_requests", "recipients")
