"""Mark that the rows from before hold their choices: a version that reads them is ready from this revision on."""

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing: the migration command has filled the rows before this revision."""
