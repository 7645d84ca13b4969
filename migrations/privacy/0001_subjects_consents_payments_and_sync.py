"""Create the tables of subjects, consents, payment fragments, sync accounts, tokens and access events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("case_reference", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("fields", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.CheckConstraint("action IN ('READ', 'WRITE', 'REFUSED', 'GRANT')", name="action_is_known"),
        sa.CheckConstraint("case_reference ~ '^[A-Za-z0-9#\\:_/-]{3,64}$'", name="case_is_a_reference"),
        sa.CheckConstraint("operation ~ '^[_A-Za-z][_0-9A-Za-z]{0,63}$'", name="operation_is_a_name"),
        sa.CheckConstraint(
            "role IN ('STORE', 'SYNC', 'SERVICE', 'SUPPORT', 'BILLING', 'PRIVACY', 'AUDITOR', 'ANALYST', 'ADMIN')",
            name="role_is_known",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("access_events_by_time", "access_events", ["at", "id"], unique=False)
    op.create_index("access_events_of_actor", "access_events", ["actor", "at", "id"], unique=False)
    op.create_index("access_events_of_subject", "access_events", ["subject_id", "at", "id"], unique=False)
    op.create_table(
        "policy_versions",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
        sa.UniqueConstraint("effective_on"),
    )
    op.create_table(
        "purposes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("is_marketing", sa.Boolean(), nullable=False),
        sa.Column("lapses_after_days", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(key || ' ' || title || ' ' || description) !~* '\\m(sale|sales|sell|sells|selling|sold|barter|rent|rental)\\M'",
            name="nothing_personal_is_sold",
        ),
        sa.CheckConstraint("key ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(key) <= 64", name="key_is_a_name"),
        sa.CheckConstraint(
            "legal_basis IN ('CONSENT', 'CONTRACT', 'LEGITIMATE_INTERESTS', 'LEGAL_OBLIGATION')",
            name="legal_basis_is_known",
        ),
        sa.CheckConstraint("lapses_after_days > 0", name="lapse_is_positive"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "subjects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="ACTIVE", nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("display_name", sa.LargeBinary(), nullable=True),
        sa.Column("country", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("regime IN ('GDPR', 'UK_GDPR', 'SWISS_FADP', 'CCPA', 'OTHER')", name="regime_is_known"),
        sa.CheckConstraint("status IN ('ACTIVE', 'RESTRICTED', 'ERASING', 'ERASED')", name="status_is_known"),
        sa.CheckConstraint("octet_length(country) = 31", name="country_is_a_code"),
        sa.CheckConstraint("octet_length(display_name) <= 829", name="display_name_is_short"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("subjects_by_time", "subjects", ["registered_at", "id"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("lookup_version", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('STORE', 'SYNC', 'NEWSLETTER', 'WEBSITE', 'APP', 'EMAIL', 'PHONE', 'MAIL', 'SUPPORT', 'GPC', 'IMPORT', 'SCRIPT')",
            name="channel_is_known",
        ),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="suppression_hash_is_one"),
        sa.PrimaryKeyConstraint("lookup_hash", "purpose"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cardinality(roles) > 0", name="token_has_a_role"),
        sa.CheckConstraint("octet_length(secret_sha256) = 32", name="token_hash_is_one"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_sha256"),
    )
    op.create_table(
        "accounts",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_version", sa.SmallInteger(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="account_hash_is_one"),
        sa.CheckConstraint("octet_length(reference) <= 541", name="reference_is_short"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("lookup_hash", "lookup_version", name="an_account_is_one_persons"),
    )
    op.create_table(
        "consent_events",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('STORE', 'SYNC', 'NEWSLETTER', 'WEBSITE', 'APP', 'EMAIL', 'PHONE', 'MAIL', 'SUPPORT', 'GPC', 'IMPORT', 'SCRIPT')",
            name="channel_is_known",
        ),
        sa.CheckConstraint("state IN ('GRANTED', 'WITHDRAWN', 'OBJECTED', 'LAPSED')", name="state_is_known"),
        sa.ForeignKeyConstraint(
            ["policy_version"],
            ["policy_versions.version"],
        ),
        sa.ForeignKeyConstraint(
            ["purpose"],
            ["purposes.key"],
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "epoch"),
    )
    op.create_index("consent_events_by_time", "consent_events", ["subject_id", "effective_at", "epoch"], unique=False)
    op.create_table(
        "email_addresses",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_version", sa.SmallInteger(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(address) <= 1045", name="address_is_short"),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="address_hash_is_one"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("lookup_hash", "lookup_version", name="an_address_is_one_persons"),
    )
    op.create_index(
        "one_primary_address", "email_addresses", ["subject_id"], unique=True, postgresql_where=sa.text("is_primary")
    )
    op.create_table(
        "payment_fragments",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_version", sa.SmallInteger(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_digits", sa.LargeBinary(), nullable=False),
        sa.Column("expiry_month", sa.LargeBinary(), nullable=False),
        sa.Column("expiry_year", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(expiry_month) = 31", name="two_digits_of_a_month"),
        sa.CheckConstraint("octet_length(expiry_year) = 33", name="four_digits_of_a_year"),
        sa.CheckConstraint("octet_length(last_digits) = 33", name="four_digits_and_no_more"),
        sa.CheckConstraint("octet_length(lookup_hash) = 32", name="card_hash_is_one"),
        sa.CheckConstraint("octet_length(reference) <= 285", name="card_reference_is_short"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("id", name="payment_fragment_id_is_one"),
        sa.UniqueConstraint("subject_id", "lookup_hash", name="a_card_is_stored_once"),
    )
    op.create_table(
        "payment_removals",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("id", name="payment_removal_id_is_one"),
    )
    op.create_table(
        "sync_accounts",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_version", sa.SmallInteger(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("storage_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(reference) <= 541", name="sync_reference_is_short"),
        sa.CheckConstraint("storage_bytes >= 0 AND file_count >= 0", name="storage_is_counted"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("id", name="sync_account_id_is_one"),
        sa.UniqueConstraint("subject_id", "lookup_hash", name="a_sync_account_is_kept_once"),
    )
    op.create_table(
        "consents",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('GRANTED', 'WITHDRAWN', 'OBJECTED', 'LAPSED')", name="state_is_known"),
        sa.ForeignKeyConstraint(
            ["purpose"],
            ["purposes.key"],
        ),
        sa.ForeignKeyConstraint(
            ["subject_id", "epoch"],
            ["consent_events.subject_id", "consent_events.epoch"],
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subjects.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "purpose"),
    )
    op.create_table(
        "sync_clients",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sync_account_id", sa.Uuid(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("app", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.LargeBinary(), nullable=False),
        sa.Column("platform", sa.LargeBinary(), nullable=False),
        sa.Column("user_agent", sa.LargeBinary(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "octet_length(app) <= 285 AND octet_length(version) <= 285 AND octet_length(platform) <= 285 AND octet_length(user_agent) <= 2077",
            name="client_strings_are_short",
        ),
        sa.ForeignKeyConstraint(
            ["subject_id", "sync_account_id"],
            ["sync_accounts.subject_id", "sync_accounts.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "sync_account_id", "lookup_hash"),
    )
    op.create_table(
        "sync_files",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sync_account_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(name) <= 4125", name="file_name_is_short"),
        sa.CheckConstraint("size_bytes >= 0", name="size_is_counted"),
        sa.ForeignKeyConstraint(
            ["subject_id", "sync_account_id"],
            ["sync_accounts.subject_id", "sync_accounts.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "sync_account_id", "id"),
        sa.UniqueConstraint("subject_id", "sync_account_id", "lookup_hash", name="a_file_is_kept_once"),
    )
    op.create_index("sync_files_by_id", "sync_files", ["sync_account_id", "id"], unique=False)
