"""Mark that the rows from before hold their repeated refusals: this version is ready from this revision on."""

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing: the migration command has filled the rows before this revision."""


def downgrade() -> None:
    """Change nothing: the column keeps its values."""
