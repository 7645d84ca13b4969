"""Create backups of systems, notices of policy versions, forced disclosures and incidents; extend policy versions."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.constraints import allow_values

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

GROUNDS = "ground IN ('LEGAL_OBLIGATION', 'LEGAL_PROCESS', 'PROTECTION_OF_RIGHTS', 'EMERGENCY')"
KINDS = "kind IN ('UNAUTHORISED_READ', 'CREDENTIAL_MISUSE', 'THEFT', 'LOSS', 'WRONG_RECIPIENT', 'OTHER')"


def time(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[datetime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=nullable, server_default=sa.text(default) if default else None
    )


def upgrade() -> None:
    op.create_table(
        "system_backups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        time("made_at"),
        time("destroy_by"),
        time("destroyed_at", nullable=True),
        sa.CheckConstraint("label ~ '^[A-Za-z0-9#\\:._/-]{1,64}$'", name="backup_label_is_a_reference"),
        sa.CheckConstraint("destroy_by <= made_at + interval '183 days'", name="no_system_keeps_a_backup_for_longer"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("system", "label", name="a_backup_is_recorded_once"),
    )
    op.create_index("system_backups_by_time", "system_backups", ["made_at", "id"])
    op.create_index(
        "system_backups_kept", "system_backups", ["destroy_by"], postgresql_where=sa.text("destroyed_at IS NULL")
    )
    op.add_column("policy_versions", sa.Column("url", sa.Text(), server_default="", nullable=False))
    op.add_column("policy_versions", sa.Column("must_ask_again", ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("policy_versions", time("published_at", default="clock_timestamp()"))
    op.execute("UPDATE policy_versions SET url = 'https://www.omnigroup.com/legal' WHERE version = '2018-05-24'")
    op.create_table(
        "policy_notices",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("last_subject_id", sa.Uuid(), nullable=True),
        sa.Column("enqueued_count", sa.BigInteger(), server_default="0", nullable=False),
        time("completed_at", nullable=True),
        sa.ForeignKeyConstraint(["version"], ["policy_versions.version"]),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "affected_people",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        time("added_at", default="clock_timestamp()"),
        time("notified_at", nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("subject_id", "cause_id"),
    )
    op.create_index("affected_people_of_cause", "affected_people", ["cause_id", "subject_id"])
    op.create_index(
        "affected_people_to_notify",
        "affected_people",
        ["cause_id", "subject_id"],
        postgresql_where=sa.text("notified_at IS NULL"),
    )
    op.create_table(
        "forced_disclosures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("categories", ARRAY(sa.Text()), nullable=False),
        time("disclosed_at"),
        time("notice_delayed_until", nullable=True),
        sa.Column("delay_ground", sa.Text(), nullable=True),
        sa.CheckConstraint(GROUNDS, name="ground_is_known"),
        sa.CheckConstraint("(notice_delayed_until IS NULL) = (delay_ground IS NULL)", name="a_delay_has_a_ground"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("authority", "reference", name="a_forced_disclosure_is_recorded_once"),
    )
    op.create_index("forced_disclosures_by_time", "forced_disclosures", ["disclosed_at", "id"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="OPEN", nullable=False),
        time("aware_at"),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        time("since", nullable=True),
        time("until", nullable=True),
        sa.Column("categories", ARRAY(sa.Text()), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        time("reported_at", default="clock_timestamp()"),
        sa.Column("authority", sa.Text(), nullable=True),
        time("authority_noticed_at", nullable=True),
        sa.Column("consequences", sa.Text(), nullable=True),
        sa.Column("measures", sa.Text(), nullable=True),
        time("notify_at", nullable=True),
        time("closed_at", nullable=True),
        sa.CheckConstraint(KINDS, name="kind_is_known"),
        sa.CheckConstraint("state IN ('OPEN', 'CLOSED')", name="state_is_known"),
        sa.CheckConstraint("since <= until", name="a_time_range_is_in_order"),
        sa.CheckConstraint("(consequences IS NULL) = (notify_at IS NULL)", name="a_notice_has_its_text"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incidents_by_time", "incidents", ["aware_at", "id"])
    op.create_index("incidents_open", "incidents", ["aware_at"], postgresql_where=sa.text("state = 'OPEN'"))
    allow_values("letters", "letter", "policy_changed", "forced_disclosure", "incident_notice")
    allow_values("notices", "notice", "backup_overdue", "incident_due_in_a_day", "incident_due_in_hours")
