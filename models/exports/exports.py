"""Exports as callers see them: when they are ready, how large they are and when they end; never their content."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from models.storage.statement import Connection, RowByKey, Statement, as_list, reads

LIFETIME = timedelta(days=14)
"""How long an export can be fetched after it is ready."""


class ExportRow(NamedTuple):
    """The columns of an export that callers read."""

    request_id: UUID
    subject_id: UUID
    ready_at: datetime | None
    size_bytes: int | None
    expires_at: datetime | None
    downloaded_at: datetime | None


OF_REQUESTS = Statement("""
SELECT request_id, subject_id, ready_at, size_bytes, expires_at, downloaded_at
FROM exports
WHERE request_id = ANY(:ids)
""")


@reads(OF_REQUESTS)
async def of_requests(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, ExportRow]:
    """Return the export of each request, None before it is planned and after an erasure."""
    return RowByKey((row[0], ExportRow._make(row)) for row in await OF_REQUESTS.rows(connection, ids=as_list(ids)))
