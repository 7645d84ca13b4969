"""Allow the notice that a person was reported to be under 13."""

from migrations.constraints import allow_values

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    allow_values("notices", "notice", "child_reported")
