"""Allow the email that a scheduled erasure was cancelled."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE = (
    "letter IN ('identity_code', 'request_received', 'opted_out', 'consent_granted', 'details_corrected', "
    "'erasure_scheduled', 'erasure_done', 'erasure_denied')"
)
AFTER = (
    "letter IN ('identity_code', 'request_received', 'opted_out', 'consent_granted', 'details_corrected', "
    "'erasure_scheduled', 'erasure_done', 'erasure_denied', 'erasure_cancelled')"
)


def upgrade() -> None:
    op.drop_constraint("letter_is_known", "letters")
    op.create_check_constraint("letter_is_known", "letters", AFTER)


def downgrade() -> None:
    op.drop_constraint("letter_is_known", "letters")
    op.create_check_constraint("letter_is_known", "letters", BEFORE)
