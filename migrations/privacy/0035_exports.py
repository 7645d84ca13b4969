"""Create the tables of exports: the export of a request, the parts of internal systems, and encrypted chunks."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archive_id", sa.Uuid(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("downloaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("downloads", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("codes_issued", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("downloads BETWEEN 0 AND 5", name="downloads_are_counted"),
        sa.CheckConstraint("codes_issued BETWEEN 0 AND 10", name="link_codes_are_counted"),
        sa.CheckConstraint("code_attempts BETWEEN 0 AND 5", name="link_attempts_are_counted"),
        sa.CheckConstraint("octet_length(code_hash) = 32", name="link_code_hash_is_one"),
        sa.CheckConstraint("(ready_at IS NULL) = (archive_id IS NULL)", name="a_ready_export_has_its_archive"),
        sa.ForeignKeyConstraint(["subject_id", "request_id"], ["rights_requests.subject_id", "rights_requests.id"]),
        sa.PrimaryKeyConstraint("subject_id", "request_id"),
        sa.UniqueConstraint("request_id", name="export_of_a_request_is_one"),
    )
    op.create_index(
        "exports_to_build",
        "exports",
        ["claimed_until"],
        postgresql_where=sa.text("ready_at IS NULL AND ended_at IS NULL"),
    )
    op.create_index("exports_to_end", "exports", ["expires_at"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "export_steps",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("reference_list", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.Text(), nullable=True),
        sa.Column("part_id", sa.Uuid(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("replaced_values", sa.Integer(), nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('PENDING', 'DONE', 'FAILED')", name="state_is_known"),
        sa.CheckConstraint("(state = 'DONE') = (completed_at IS NOT NULL)", name="what_is_handed_in_has_its_time"),
        sa.CheckConstraint("(state = 'DONE') = (part_id IS NOT NULL)", name="what_is_handed_in_has_its_part"),
        sa.CheckConstraint("size_bytes >= 0 AND replaced_values >= 0", name="a_part_is_counted"),
        sa.CheckConstraint("octet_length(reference_list) <= 65536", name="references_are_bounded"),
        sa.CheckConstraint("octet_length(error) <= 829", name="export_error_is_short"),
        sa.ForeignKeyConstraint(["subject_id", "request_id"], ["rights_requests.subject_id", "rights_requests.id"]),
        sa.PrimaryKeyConstraint("subject_id", "id"),
        sa.UniqueConstraint("id", name="export_step_id_is_one"),
    )
    op.create_index("export_steps_of_request", "export_steps", ["request_id"])
    op.create_index("export_steps_of_system", "export_steps", ["system", "state", "created_at", "id"])
    op.create_index(
        "export_steps_to_notify",
        "export_steps",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_table(
        "export_chunks",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(content) <= 262173", name="a_chunk_is_bounded"),
        sa.CheckConstraint("number >= 0", name="chunks_are_counted"),
        sa.ForeignKeyConstraint(["subject_id", "request_id"], ["exports.subject_id", "exports.request_id"]),
        sa.PrimaryKeyConstraint("subject_id", "part_id", "number"),
    )
    # The content is encrypted, so compression would be tried in vain.
    op.execute("ALTER TABLE export_chunks ALTER COLUMN content SET STORAGE EXTERNAL")
