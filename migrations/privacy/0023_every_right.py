"""Add requests of every kind, the extension of deadlines, and the emails and notices about requests."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('ERASURE', 'ACCESS', 'PORTABILITY', 'RECTIFICATION', 'RESTRICTION', 'OBJECTION', 'COMPLAINT', "
    "'ENQUIRY', 'CA_DIRECT_MARKETING_DISCLOSURE')"
)
IDENTITY = (
    "verified_at IS NOT NULL OR state IN ('AWAITING_VERIFICATION', 'CANCELLED', 'DENIED') "
    "OR kind IN ('OBJECTION', 'COMPLAINT', 'ENQUIRY')"
)
OPEN = "state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED')"
BY_CASE = "IN ('RECTIFICATION', 'COMPLAINT', 'ENQUIRY')"
LETTERS = (
    "letter IN ('identity_code', 'request_received', 'opted_out', 'consent_granted', 'details_corrected', "
    "'erasure_scheduled', 'erasure_done', 'erasure_denied', 'erasure_cancelled', 'request_extended', "
    "'request_completed', 'request_denied', 'request_cancelled', 'california_report', 'export_ready')"
)
NOTICES = "notice IN ('access_grant_asked', 'people_token_issued', 'audit_head', 'request_due_soon', 'request_due')"


def upgrade() -> None:
    _replace("kind_is_known", "rights_requests", KINDS)
    _replace("nothing_goes_before_identity_is_proved", "rights_requests", IDENTITY)
    _replace("letter_is_known", "letters", LETTERS)
    _replace("notice_is_known", "notices", NOTICES)
    op.alter_column("rights_requests", "reason", nullable=True)
    op.add_column("rights_requests", sa.Column("extended_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rights_requests", sa.Column("extension_reason", sa.Text(), nullable=True))
    op.add_column("rights_requests", sa.Column("extended_at", sa.DateTime(timezone=True), nullable=True))
    for name, condition in (
        ("only_erasures_are_executed", "kind = 'ERASURE' OR execute_at IS NULL"),
        ("an_erasure_has_its_reason", "kind <> 'ERASURE' OR reason IS NOT NULL"),
        ("extension_reason_is_known", "extension_reason IN ('COMPLEXITY', 'NUMBER_OF_REQUESTS')"),
        (
            "an_extension_has_its_reason",
            "(extended_until IS NULL) = (extension_reason IS NULL) AND (extended_until IS NULL) = (extended_at IS NULL)",
        ),
    ):
        op.create_check_constraint(name, "rights_requests", condition)
    op.drop_index("one_open_request", "rights_requests")
    op.create_index(
        "one_open_request",
        "rights_requests",
        ["subject_id", "kind"],
        unique=True,
        postgresql_where=sa.text(f"{OPEN} AND kind NOT {BY_CASE}"),
    )
    op.create_index(
        "one_open_request_of_a_case",
        "rights_requests",
        ["subject_id", "kind", "case_reference"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text(f"{OPEN} AND kind {BY_CASE}"),
    )
    deadline = sa.text("COALESCE(extended_until, due_at)")
    op.create_index("rights_requests_by_deadline", "rights_requests", [deadline, "id"])
    op.create_index(
        "rights_requests_open_by_deadline", "rights_requests", [deadline, "id"], postgresql_where=sa.text(OPEN)
    )


def _replace(name: str, table: str, condition: str) -> None:
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, condition)
