"""Opt-outs: refusals of some purposes or of all, by a subject or by an address that no subject has yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models.consent import purposes, suppressions
from models.consent.channels import require_channel
from models.consent.current_choices import confirm_refusal
from models.consent.ledger import Channel, refusal_state
from models.consent.purposes import PurposeRow
from models.consent.recording import Choice, record_choice, require_refusable
from models.consent.suppressions import ALL_PURPOSES, SuppressionRow
from models.errors import BadInput, SubjectNotFound
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from models.unit_of_work import UnitOfWork

MAX_PURPOSES = 100

OPT_OUT_OF_ALL = Statement("""
UPDATE subjects
SET opted_out_at = COALESCE(opted_out_at, CAST(:at AS timestamptz)),
    opted_out_confirmed_at = GREATEST(opted_out_confirmed_at, opted_out_at, CAST(:at AS timestamptz))
WHERE id = :subject_id
""")

# Callers see the first time. The last repetition orders grants, so that a late-arriving one changes nothing.
REPEAT_OPT_OUT_OF_ALL = Statement("""
UPDATE subjects
SET opted_out_at = COALESCE(opted_out_at, clock_timestamp()), opted_out_confirmed_at = clock_timestamp()
WHERE id = :subject_id
""")


class OptOutRow(NamedTuple):
    """The result of an opt-out: the purposes refused, the time since which, and whether an address is suppressed."""

    subject_id: UUID | None
    suppressed: bool
    purposes: list[str]
    at: datetime


async def opt_out(
    unit: UnitOfWork,
    identifier: SubjectIdentifier,
    purpose_keys: Sequence[str],
    channel: Channel,
    *,
    sends_confirmation: bool = True,
) -> OptOutRow:
    """Withdraw consent or record an objection for each purpose, by its legal basis, and enqueue a confirmation email.

    An address that no subject has is suppressed; a later registration applies the suppression.
    BAD_INPUT for no purpose or more than 100, and for IMPORT by staff; UNKNOWN_PURPOSE; PURPOSE_NOT_REFUSABLE; and as
    ``resolution.lock``.
    """
    require_channel(unit.actor, channel)
    if not 0 < len(purpose_keys) <= MAX_PURPOSES:
        raise BadInput("purposes", f"it names 1 to {MAX_PURPOSES} purposes")
    refused = await require_refusable(unit, purpose_keys, "purposes")
    address, subject_id = await _resolve(unit, identifier)
    if subject_id is None:
        at = await suppressions.add(unit, address, [purpose.key for purpose in refused], channel)
    else:
        at = await _record_refusals(unit, subject_id, refused, channel)
        titles = [purpose.title for purpose in refused]
        await _enqueue_confirmation(unit, subject_id, channel, titles, sends=sends_confirmation)
    return await _build_opt_out_row(unit, address, subject_id, refused, at)


async def opt_out_of_all(
    unit: UnitOfWork, identifier: SubjectIdentifier, channel: Channel, *, sends_confirmation: bool = True
) -> OptOutRow:
    """Refuse every purpose that can be refused, later ones included, until the subject grants a purpose again.

    Unknown addresses are suppressed as in ``opt_out``.
    """
    require_channel(unit.actor, channel)
    refused = await purposes.refusable_purposes(unit.connection)
    address, subject_id = await _resolve(unit, identifier)
    if subject_id is None:
        at = await suppressions.add(unit, address, [ALL_PURPOSES], channel)
    else:
        at = await _record_refusals(unit, subject_id, refused, channel)
        if subject_id in unit.latest_sequences:
            await OPT_OUT_OF_ALL.run(unit.connection, subject_id=subject_id, at=at)
        else:
            await REPEAT_OPT_OUT_OF_ALL.run(unit.connection, subject_id=subject_id)
        await _enqueue_confirmation(unit, subject_id, channel, [], sends=sends_confirmation)
    return await _build_opt_out_row(unit, address, subject_id, refused, at)


async def apply_suppressions(unit: UnitOfWork, subject_id: UUID, address: HashedIdentifier) -> None:
    """Record the opt-outs that an address had before the subject had the address."""
    for suppression in await suppressions.find_suppressions(unit, address):
        await _apply_suppression(unit, subject_id, suppression)


async def _apply_suppression(unit: UnitOfWork, subject_id: UUID, suppression: SuppressionRow) -> None:
    refusable = await purposes.refusable_purposes(unit.connection)
    channel, at, repeated_at = Channel(suppression.channel), suppression.at, suppression.confirmed_at
    if suppression.purpose == ALL_PURPOSES:
        for time in (at, repeated_at or at):
            await OPT_OUT_OF_ALL.run(unit.connection, subject_id=subject_id, at=time)
    for purpose in refusable:
        if suppression.purpose in {ALL_PURPOSES, purpose.key}:
            choice = Choice(purpose, refusal_state(purpose), channel, at)
            await record_choice(unit, subject_id, choice)
            if repeated_at is not None and not await confirm_refusal(unit, subject_id, purpose.key, repeated_at):
                await record_choice(unit, subject_id, choice._replace(at=repeated_at))


async def _resolve(unit: UnitOfWork, identifier: SubjectIdentifier) -> tuple[HashedIdentifier, UUID | None]:
    """Hash the identifier and lock its subject. The subject is None for an address that no subject has."""
    hashed = hash_identifier(unit.keyring, identifier)
    if identifier.kind == "email":
        await suppressions.lock_identifiers(unit, hashed)
    subject = await resolution.find_for_update(unit, hashed)
    if subject is None and identifier.kind != "email":
        raise SubjectNotFound(argument="subject")
    return hashed, subject.subject_id if subject else None


async def _record_refusals(
    unit: UnitOfWork, subject_id: UUID, refused: Sequence[PurposeRow], channel: Channel
) -> datetime:
    """Record a refusal of each purpose, and return the time since which all of them hold."""
    return max(
        [await record_choice(unit, subject_id, Choice(purpose, refusal_state(purpose), channel)) for purpose in refused]
    )


async def _enqueue_confirmation(
    unit: UnitOfWork, subject_id: UUID, channel: Channel, titles: list[str], *, sends: bool
) -> None:
    """Enqueue a confirmation of an opt-out that was recorded now. No titles means all purposes.

    Imported opt-outs are not confirmed: the system that exported them has done so.
    """
    sequence = unit.latest_sequences.pop(subject_id, None)
    if sequence is not None and sends and channel is not Channel.IMPORT:
        await emails.enqueue(
            unit,
            EmailKind.OPTED_OUT,
            subject_id,
            f"consent:{sequence:x}",
            purposes=titles,
            is_everything=not titles,
        )


async def _build_opt_out_row(
    unit: UnitOfWork, address: HashedIdentifier, subject_id: UUID | None, refused: Sequence[PurposeRow], at: datetime
) -> OptOutRow:
    suppressed = await suppressions.is_suppressed(unit, address, subject_id)
    return OptOutRow(subject_id, suppressed, [purpose.key for purpose in refused], at)
