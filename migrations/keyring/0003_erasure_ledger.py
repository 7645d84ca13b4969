"""Create the erasure ledger, the signing keys and the register of backups."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backup_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ledger_position", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at <= made_at + interval '183 days'", name="no_backup_outlives_six_months"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "backup_sets_kept", "backup_sets", ["expires_at"], unique=False, postgresql_where=sa.text("removed_at IS NULL")
    )
    op.create_table(
        "erasures",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "entered_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "channel IN ('STORE', 'SYNC', 'NEWSLETTER', 'WEBSITE', 'APP', 'EMAIL', 'PHONE', 'MAIL', 'SUPPORT', 'GPC', 'IMPORT', 'SCRIPT')",
            name="channel_is_known",
        ),
        sa.CheckConstraint("identity IN ('NONE_YET', 'EMAIL_CODE', 'ATTESTED')", name="identity_is_known"),
        sa.CheckConstraint(
            "reason IN ('REQUESTED', 'CONSENT_WITHDRAWN', 'UNLAWFUL', 'UNDERAGE')", name="reason_is_known"
        ),
        sa.CheckConstraint("regime IN ('GDPR', 'UK_GDPR', 'SWISS_FADP', 'CCPA', 'OTHER')", name="regime_is_known"),
        sa.CheckConstraint("position > 0", name="position_is_counted"),
        sa.PrimaryKeyConstraint("subject_id"),
        sa.UniqueConstraint("position"),
        sa.UniqueConstraint("request_id"),
    )
    op.create_index(
        "erasures_not_completed",
        "erasures",
        ["position"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.create_index(
        "erasures_not_done", "erasures", ["position"], unique=False, postgresql_where=sa.text("erased_at IS NULL")
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("master_version", sa.SmallInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("octet_length(public) = 32", name="public_half_is_ed25519"),
        sa.PrimaryKeyConstraint("kid"),
    )
    op.create_table(
        "erased_names",
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lookup_version", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'account')", name="kind_is_known"),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="erased_hash_is_one"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["erasures.subject_id"],
        ),
        sa.PrimaryKeyConstraint("lookup_hash", "subject_id"),
    )
