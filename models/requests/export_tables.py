"""The tables of exports: the export of a request, the parts of internal systems, and the encrypted chunks.

An erasure deletes all of them, so they are declared below ``models/erasure/``. ``models/exports/`` uses them.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, UniqueConstraint
from sqlalchemy import text as sql_text

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check

MAX_DOWNLOADS = 5
MAX_LINK_CODES = 10
"""The codes that one link may mail."""
MAX_CODE_ATTEMPTS = 5
CHUNK_LENGTH = 256 * 1024
"""Octets of one chunk before its encryption."""
MAX_REFERENCE_OCTETS = 64 * 1024
ERROR_LENGTH = 200


class ExportStepState(StrEnum):
    """The state of the part of an internal system; the values are those of erasure steps."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class ExportFile(Table, table=True):
    """The export of one request: the archive, its link and its downloads."""

    __tablename__ = "exports"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "request_id"], ["rights_requests.subject_id", "rights_requests.id"]),
        UniqueConstraint("request_id", name="export_of_a_request_is_one"),
        CheckConstraint(f"downloads BETWEEN 0 AND {MAX_DOWNLOADS}", name="downloads_are_counted"),
        CheckConstraint(f"codes_issued BETWEEN 0 AND {MAX_LINK_CODES}", name="link_codes_are_counted"),
        CheckConstraint(f"code_attempts BETWEEN 0 AND {MAX_CODE_ATTEMPTS}", name="link_attempts_are_counted"),
        CheckConstraint("octet_length(code_hash) = 32", name="link_code_hash_is_one"),
        CheckConstraint("(ready_at IS NULL) = (archive_id IS NULL)", name="a_ready_export_has_its_archive"),
        Index("exports_to_build", "claimed_until", postgresql_where=sql_text("ready_at IS NULL AND ended_at IS NULL")),
        Index("exports_to_end", "expires_at", postgresql_where=sql_text("ended_at IS NULL")),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    request_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    planned_at: datetime = column(Timestamp, ErasureAction.KEPT)
    claimed_until: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    ready_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    archive_id: UUID | None = column(Uuid, ErasureAction.KEPT, nullable=True)
    size_bytes: int | None = column(BigInteger, ErasureAction.KEPT, nullable=True)
    expires_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    downloaded_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    downloads: int = column(SmallInteger, ErasureAction.KEPT, server_default="0")
    ended_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    code_hash: bytes | None = column(Bytes, ErasureAction.DELETED, nullable=True)
    code_expires_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    code_attempts: int = column(SmallInteger, ErasureAction.KEPT, server_default="0")
    codes_issued: int = column(SmallInteger, ErasureAction.KEPT, server_default="0")


class ExportStepRecord(Table, table=True):
    """What one internal system hands in. The references are encrypted under the person's key."""

    __tablename__ = "export_steps"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "request_id"], ["rights_requests.subject_id", "rights_requests.id"]),
        UniqueConstraint("id", name="export_step_id_is_one"),
        enum_check("state", ExportStepState),
        CheckConstraint("(state = 'DONE') = (completed_at IS NOT NULL)", name="what_is_handed_in_has_its_time"),
        CheckConstraint("(state = 'DONE') = (part_id IS NOT NULL)", name="what_is_handed_in_has_its_part"),
        CheckConstraint("size_bytes >= 0 AND replaced_values >= 0", name="a_part_is_counted"),
        CheckConstraint(f"octet_length(reference_list) <= {MAX_REFERENCE_OCTETS}", name="references_are_bounded"),
        CheckConstraint(
            f"octet_length(error) <= {4 * ERROR_LENGTH + ENCRYPTION_OVERHEAD}", name="export_error_is_short"
        ),
        Index("export_steps_of_request", "request_id"),
        Index("export_steps_of_system", "system", "state", "created_at", "id"),
        Index("export_steps_to_notify", "next_attempt_at", postgresql_where=sql_text("state = 'PENDING'")),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    request_id: UUID = column(Uuid, ErasureAction.KEPT)
    system: str = column(Text, ErasureAction.KEPT)
    reference_list: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
    state: str = column(Text, ErasureAction.KEPT)
    attempts: int = column(Integer, ErasureAction.KEPT, server_default="0")
    created_at: datetime = column(Timestamp, ErasureAction.KEPT)
    next_attempt_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    completed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    completed_by: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    part_id: UUID | None = column(Uuid, ErasureAction.KEPT, nullable=True)
    size_bytes: int | None = column(BigInteger, ErasureAction.KEPT, nullable=True)
    replaced_values: int | None = column(Integer, ErasureAction.KEPT, nullable=True)
    error: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)


class ExportChunk(Table, table=True):
    """A piece of an archive or of the part of a system, encrypted under the export's own key."""

    __tablename__ = "export_chunks"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "request_id"], ["exports.subject_id", "exports.request_id"]),
        CheckConstraint(f"octet_length(content) <= {CHUNK_LENGTH + ENCRYPTION_OVERHEAD}", name="a_chunk_is_bounded"),
        CheckConstraint("number >= 0", name="chunks_are_counted"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    part_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    number: int = column(Integer, ErasureAction.KEPT, primary_key=True)
    request_id: UUID = column(Uuid, ErasureAction.KEPT)
    content: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    stored_at: datetime = column(Timestamp, ErasureAction.KEPT)
