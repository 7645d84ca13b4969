"""Building exports: each is claimed with a lease, written in encrypted chunks, signed, and handed over by email.

A worker may be killed at any point: the chunks that it left are of no use without the key, and are deleted later.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from models.actors import Actor, Role
from models.encryption import export_keys
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.erasure.certificates import CertificateSigner
from models.errors import NotFound, SubjectErased
from models.exports import chunks, document, links
from models.exports.archive import Archive
from models.exports.chunks import IncompletePartError
from models.exports.claiming import ClaimedExport, LeasedWriter, LeaseLostError
from models.exports.document import ExportContent, SystemPart
from models.exports.exports import LIFETIME
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests.export_tables import ExportStepState
from models.requests.locking import lock_request
from models.requests.states import RequestState
from models.storage.clock import now
from models.storage.database import Database
from models.storage.ids import Prefix, format_id, new_id
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork, unit_of_work

EXPORT_WORKER: Final = Actor("export worker", Role.ADMIN, (Role.ADMIN,))
MANIFEST_TYPE: Final = "export-manifest+jws"

PARTS = Statement("""
SELECT system, state, completed_at, part_id, size_bytes, replaced_values
FROM export_steps
WHERE request_id = :request_id
ORDER BY system, id
""")

RECIPIENTS = Statement("""
SELECT name || ', ' || country || ': ' || function || '.'
FROM recipients
WHERE ended_at IS NULL
ORDER BY name, key
""")

MARK_READY = Statement("""
UPDATE exports
SET ready_at = :at, archive_id = :archive_id, size_bytes = :size, expires_at = :expires_at, claimed_until = NULL
WHERE subject_id = :subject_id
AND request_id = :request_id
AND ready_at IS NULL
AND ended_at IS NULL
AND claimed_until = :claimed_until
AND claimed_until > clock_timestamp()
""")

COMPLETE = Statement("""
UPDATE rights_requests
SET state = 'COMPLETED', completed_at = :at, settled_at = :at
WHERE id = :request_id
""")

DELETE_PARTS = Statement("""
DELETE FROM export_chunks AS c
USING export_steps AS s
WHERE s.request_id = :request_id
AND c.subject_id = s.subject_id
AND c.part_id = s.part_id
""")

CLEAR_STEPS = Statement("""
UPDATE export_steps
SET reference_list = NULL, error = NULL, next_attempt_at = NULL
WHERE request_id = :request_id
""")


async def build(  # noqa: PLR0913 -- an export is made of values from several sources
    database: Database,
    keyring: Keyring,
    signer: CertificateSigner,
    export: ClaimedExport,
    *,
    issuer: str,
    controller: Mapping[str, str],
) -> bool:
    """Write the archive, complete the request and enqueue the email with the link.

    Return False, and keep nothing, when the request has ended or the person is erased meanwhile. Return False also when
    the lease has ended, so that another worker builds the export.
    """
    key = await export_keys.find(keyring, export.request_id)
    async with keyring.pool.acquire() as ring:
        subject_key = (await keyring.of_subjects(ring, [export.subject_id]))[export.subject_id]
    if key is None or subject_key is None:
        return False
    archive_id, created_at = new_id(), now()
    writer = LeasedWriter(database, key, export, archive_id)
    try:
        async with database.writers.acquire() as connection:
            parts = await _parts(connection, database, key, export)
            recipients = [row[0] for row in await RECIPIENTS.rows(connection)]
            content = ExportContent(
                export.request_id,
                export.subject_id,
                export.kind,
                created_at,
                controller,
                subject_key,
                recipients,
                parts,
            )
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await _write(connection, content, Archive(writer, created_at), signer, issuer)
        is_ready = await _finish(database, keyring, export, archive_id, writer)
    except (LeaseLostError, NotFound):
        is_ready = False
    except BaseException as error:
        await writer.delete()
        # A part that is gone because its request has ended is not damaged.
        if isinstance(error, IncompletePartError) and not await writer.renew():
            return False
        raise
    if not is_ready:
        await writer.delete()
    return is_ready


async def _parts(
    connection: Connection, database: Database, key: DataKey, export: ClaimedExport
) -> Sequence[SystemPart]:
    return [
        SystemPart(
            row["system"],
            "HANDED_IN" if row["state"] == ExportStepState.DONE else "NOT_HANDED_IN",
            row["completed_at"],
            row["size_bytes"] or 0,
            row["replaced_values"] or 0,
            _note(row["state"], row["replaced_values"]),
            partial(chunks.read_part, database, key, export.subject_id, row["part_id"], row["size_bytes"])
            if row["part_id"]
            else None,
        )
        for row in await PARTS.rows(connection, request_id=export.request_id)
    ]


def _note(state: str, replaced: int | None) -> str:
    if state != ExportStepState.DONE:
        return "This system did not hand in its part in time. Write to us, and we will send it to you."
    return f"{replaced} values that looked like card numbers are left out." if replaced else ""


async def _write(
    connection: Connection,
    content: ExportContent,
    archive: Archive,
    signer: CertificateSigner,
    issuer: str,
) -> None:
    await document.write_json(connection, content, archive)
    await document.write_html(connection, content, archive)
    sums = dict(archive.sums)
    await archive.add("SHA256SUMS", "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode())
    claims = {
        "iss": issuer,
        "iat": int(content.created_at.timestamp()),
        "jti": format_id(Prefix.RIGHTS_REQUEST, content.request_id),
        "sub": format_id(Prefix.SUBJECT, content.subject_id),
        "kind": content.kind,
        "version": document.VERSION,
        "files": sums | {"SHA256SUMS": archive.sums["SHA256SUMS"]},
    }
    await archive.add("SHA256SUMS.jws", signer.sign(claims, MANIFEST_TYPE).encode() + b"\n")
    await archive.close()


async def _finish(
    database: Database, keyring: Keyring, export: ClaimedExport, archive_id: UUID, writer: LeasedWriter
) -> bool:
    """Commit the archive, the end of the request and the email together.

    Return False if the request or the lease has ended.
    """
    async with unit_of_work(database, keyring, EXPORT_WORKER, "completeExport") as unit:
        request = await lock_request(unit, export.request_id)
        expires_at = unit.at + LIFETIME
        if request.state != RequestState.IN_PROGRESS or not await MARK_READY.run(
            unit.connection,
            at=unit.at,
            archive_id=archive_id,
            size=writer.size,
            expires_at=expires_at,
            subject_id=export.subject_id,
            request_id=export.request_id,
            claimed_until=writer.claimed_until,
        ):
            return False
        await COMPLETE.run(unit.connection, at=unit.at, request_id=export.request_id)
        await DELETE_PARTS.run(unit.connection, request_id=export.request_id)
        await CLEAR_STEPS.run(unit.connection, request_id=export.request_id)
        await _announce(unit, export, expires_at)
    return True


async def _announce(unit: UnitOfWork, export: ClaimedExport, expires_at: datetime) -> None:
    try:
        await emails.enqueue(
            unit,
            EmailKind.EXPORT_READY,
            export.subject_id,
            f"request:{export.request_id.hex}",
            kind=export.kind,
            token=links.make_token(unit.keyring, export.request_id),
            expires_at=expires_at,
        )
    except SubjectErased:
        return
