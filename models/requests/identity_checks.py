"""Proof of identity: the verification code by email, and the beginning of a request once identity is proved."""

from uuid import UUID

from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests import verification_codes
from models.requests.vocabulary import IdentityProof
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

BEGIN = Statement("""
UPDATE rights_requests
SET state = 'IN_PROGRESS', identity = :identity, attested_by = :attested_by, verified_at = :at, started_at = :at
WHERE subject_id = :subject_id
AND id = :id
""")


async def send_code(unit: UnitOfWork, subject_id: UUID, request_id: UUID) -> None:
    """Enqueue an email with a verification code, unless a code is valid. TOO_MANY_ATTEMPTS after ten codes."""
    recipient = await emails.recipient_of(unit, subject_id)
    issued = await verification_codes.issue_code(unit, subject_id, request_id, recipient.id if recipient else None)
    if issued:
        await emails.enqueue(
            unit,
            EmailKind.IDENTITY_CODE,
            subject_id,
            f"code:{new_id().hex}",
            recipient=recipient,
            code=issued.code,
            expires_at=issued.expires_at,
        )


async def begin(unit: UnitOfWork, subject_id: UUID, request_id: UUID, identity: IdentityProof) -> None:
    """Store the proof of identity and begin a request that is no erasure."""
    await BEGIN.run(
        unit.connection,
        subject_id=subject_id,
        id=request_id,
        identity=identity,
        attested_by=unit.actor.name if identity is IdentityProof.ATTESTED else None,
        at=unit.at,
    )
