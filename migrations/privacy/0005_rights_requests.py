"""Create rights requests, verification codes, erasure steps, systems and the position of the erasure ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_marks",
        sa.Column("is_only", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("is_only", name="one_mark"),
        sa.PrimaryKeyConstraint("is_only"),
    )
    op.create_table(
        "systems",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("is_always_concerned", sa.Boolean(), nullable=False),
        sa.Column("secret_generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(name) <= 32", name="system_is_a_name"),
        sa.CheckConstraint("secret_generation > 0", name="generation_is_counted"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "rights_requests",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_as", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("attested_by", sa.Text(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_immediate", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("execute_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("denial_reason", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("farewell_to", sa.Uuid(), nullable=True),
        sa.Column("farewell_address", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("backups_clear_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased", postgresql.JSONB(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(identity = 'NONE_YET') = (verified_at IS NULL)", name="identity_has_its_time"),
        sa.CheckConstraint("(state = 'COMPLETED') = (completed_at IS NOT NULL)", name="what_is_completed_has_its_time"),
        sa.CheckConstraint("(state = 'DENIED') = (denial_reason IS NOT NULL)", name="a_denial_has_its_reason"),
        sa.CheckConstraint("case_reference ~ '^[A-Za-z0-9#\\:_/-]{3,64}$'", name="case_is_a_reference"),
        sa.CheckConstraint(
            "channel IN ('STORE', 'SYNC', 'NEWSLETTER', 'WEBSITE', 'APP', 'EMAIL', 'PHONE', 'MAIL', 'SUPPORT', 'GPC', 'IMPORT', 'SCRIPT')",
            name="channel_is_known",
        ),
        sa.CheckConstraint(
            "denial_reason IN ('SUSPECTED_FRAUD', 'INSUFFICIENT_VERIFICATION', 'NO_MATCH', 'CLAIM_NOT_COVERED', 'OUTSIDE_JURISDICTION', 'TOO_MANY_REQUESTS', 'OTHER')",
            name="denial_reason_is_known",
        ),
        sa.CheckConstraint("identity IN ('NONE_YET', 'EMAIL_CODE', 'ATTESTED')", name="identity_is_known"),
        sa.CheckConstraint("kind IN ('ERASURE')", name="kind_is_known"),
        sa.CheckConstraint(
            "reason IN ('REQUESTED', 'CONSENT_WITHDRAWN', 'UNLAWFUL', 'UNDERAGE')", name="reason_is_known"
        ),
        sa.CheckConstraint("regime IN ('GDPR', 'UK_GDPR', 'SWISS_FADP', 'CCPA', 'OTHER')", name="regime_is_known"),
        sa.CheckConstraint(
            "requested_as IN ('STORE', 'SYNC', 'SERVICE', 'SUPPORT', 'BILLING', 'PRIVACY', 'AUDITOR', 'ANALYST', 'ADMIN')",
            name="requested_as_is_known",
        ),
        sa.CheckConstraint(
            "state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED', 'COMPLETED', 'DENIED', 'CANCELLED')",
            name="state_is_known",
        ),
        sa.CheckConstraint(
            "verified_at IS NOT NULL OR state IN ('AWAITING_VERIFICATION', 'CANCELLED', 'DENIED')",
            name="nothing_goes_before_identity_is_proved",
        ),
        sa.CheckConstraint("octet_length(farewell_address) <= 1045", name="farewell_address_is_short"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("id", name="rights_request_id_is_one"),
    )
    op.create_index(
        "one_open_request",
        "rights_requests",
        ["subject_id", "kind"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED')"
        ),
    )
    op.create_index("rights_requests_by_state", "rights_requests", ["state", "received_at", "id"], unique=False)
    op.create_index("rights_requests_by_time", "rights_requests", ["received_at", "id"], unique=False)
    op.create_index(
        "rights_requests_to_execute",
        "rights_requests",
        ["execute_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'SCHEDULED' OR (state = 'IN_PROGRESS' AND erased_at IS NULL)"),
    )
    op.create_index(
        "rights_requests_to_finish",
        "rights_requests",
        ["settled_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('IN_PROGRESS', 'PARTIALLY_COMPLETED') AND settled_at IS NOT NULL"),
    )
    op.create_table(
        "erasure_steps",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("account_reference", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.Text(), nullable=True),
        sa.Column("records_erased", sa.Integer(), nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(state = 'DONE') = (completed_at IS NOT NULL)", name="what_is_done_has_its_time"),
        sa.CheckConstraint("state IN ('PENDING', 'DONE', 'FAILED')", name="state_is_known"),
        sa.CheckConstraint("octet_length(account_reference) <= 541", name="step_reference_is_short"),
        sa.CheckConstraint("octet_length(error) <= 829", name="step_error_is_short"),
        sa.CheckConstraint("records_erased >= 0", name="records_are_counted"),
        sa.ForeignKeyConstraint(
            ["subject_id", "request_id"],
            ["rights_requests.subject_id", "rights_requests.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("id", name="erasure_step_id_is_one"),
    )
    op.create_index("erasure_steps_of_request", "erasure_steps", ["request_id"], unique=False)
    op.create_index("erasure_steps_of_system", "erasure_steps", ["system", "state", "created_at", "id"], unique=False)
    op.create_index(
        "erasure_steps_to_tell",
        "erasure_steps",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_table(
        "identity_codes",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("issued", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts_are_counted"),
        sa.CheckConstraint("issued BETWEEN 1 AND 10", name="codes_are_counted"),
        sa.CheckConstraint("octet_length(code_hash) = 32", name="code_hash_is_one"),
        sa.ForeignKeyConstraint(
            ["subject_id", "request_id"],
            ["rights_requests.subject_id", "rights_requests.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "request_id"),
    )
