"""Allow the notice that a case has unusually many people."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

NOTICES = (
    "notice IN ('access_grant_asked', 'people_token_issued', 'audit_head', 'request_due_soon', 'request_due', "
    "'case_with_many_people')"
)


def upgrade() -> None:
    op.drop_constraint("notice_is_known", "notices")
    op.create_check_constraint("notice_is_known", "notices", NOTICES)
