"""Opt-outs: a person says no, to some purposes or to every one that can be refused; their address may come first."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models.consent import purposes, suppressions
from models.consent.ledger import Channel, refusal_state
from models.consent.purposes import REFUSABLE_BASES, PurposeRow
from models.consent.recording import Choice, record_choice, require_refusable
from models.consent.suppressions import ALL_PURPOSES, SuppressionRow
from models.errors import BadInput, SubjectErased, SubjectNotFound
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import SubjectStatus
from models.unit_of_work import UnitOfWork

MAX_PURPOSES = 100

OPT_OUT_OF_ALL = Statement("""
UPDATE subjects
SET opted_out_at = GREATEST(opted_out_at, CAST(:at AS timestamptz))
WHERE id = :subject_id
""")


# Said again, it holds against every grant from before now.
REPEAT_OPT_OUT_OF_ALL = Statement("""
UPDATE subjects
SET opted_out_at = clock_timestamp()
WHERE id = :subject_id
""")


class OptOutRow(NamedTuple):
    """What an opt-out came to: since when it holds, and whether the address is on the do-not-mail list."""

    subject_id: UUID | None
    suppressed: bool
    purposes: list[str]
    at: datetime


async def opt_out(
    unit: UnitOfWork, name: SubjectIdentifier, keys: Sequence[str], channel: Channel, *, is_confirmed: bool = True
) -> OptOutRow:
    """Withdraw a consent or record an objection, as each purpose's legal basis has it; confirm it with a letter.

    An address that nobody is registered under is put on the do-not-mail list, and a later registration honours it.
    """
    if not 0 < len(keys) <= MAX_PURPOSES:
        raise BadInput("purposes", f"it names 1 to {MAX_PURPOSES} purposes")
    wanted = await require_refusable(unit, keys, "purposes")
    subject_id = await _person(unit, name)
    if subject_id is None:
        at = await suppressions.add(unit, name, [purpose.key for purpose in wanted], channel)
    else:
        at = max([await _refuse(unit, subject_id, purpose, channel) for purpose in wanted])
        await _confirm(unit, subject_id, channel, wanted if is_confirmed else [], is_everything=False)
    return OptOutRow(
        subject_id, await suppressions.is_suppressed(unit, name, subject_id), [purpose.key for purpose in wanted], at
    )


async def opt_out_of_all(
    unit: UnitOfWork, name: SubjectIdentifier, channel: Channel, *, is_confirmed: bool = True
) -> OptOutRow:
    """Refuse every purpose that can be refused, those defined later included, until the person grants one again."""
    wanted = [
        purpose
        for purpose in (await purposes.all_purposes(unit.connection, []))[None]
        if purpose.legal_basis in REFUSABLE_BASES
    ]
    subject_id = await _person(unit, name)
    if subject_id is None:
        at = await suppressions.add(unit, name, [ALL_PURPOSES], channel)
    else:
        at = max([await _refuse(unit, subject_id, purpose, channel) for purpose in wanted])
        if subject_id in unit.latest_sequences:
            await OPT_OUT_OF_ALL.run(unit.connection, subject_id=subject_id, at=at)
        else:
            await REPEAT_OPT_OUT_OF_ALL.run(unit.connection, subject_id=subject_id)
        await _confirm(unit, subject_id, channel, wanted if is_confirmed else [], is_everything=True)
    return OptOutRow(
        subject_id, await suppressions.is_suppressed(unit, name, subject_id), [purpose.key for purpose in wanted], at
    )


async def apply_suppressions(unit: UnitOfWork, subject_id: UUID, name: SubjectIdentifier) -> None:
    """Record the opt-outs that came for an address before it was the subject's."""
    for suppression in await suppressions.find_suppressions(unit, name):
        await _apply_suppression(unit, subject_id, suppression)


async def _apply_suppression(unit: UnitOfWork, subject_id: UUID, suppression: SuppressionRow) -> None:
    """Make an opt-out that an address brought along the choice of the person who now has the address."""
    wanted = (await purposes.all_purposes(unit.connection, []))[None]
    channel, at = Channel(suppression.channel), suppression.at
    if suppression.purpose == ALL_PURPOSES:
        await OPT_OUT_OF_ALL.run(unit.connection, subject_id=subject_id, at=at)
    for purpose in wanted:
        if purpose.legal_basis in REFUSABLE_BASES and suppression.purpose in {ALL_PURPOSES, purpose.key}:
            await record_choice(unit, subject_id, Choice(purpose, refusal_state(purpose), channel, at))


async def _confirm(
    unit: UnitOfWork, subject_id: UUID, channel: Channel, wanted: Sequence[PurposeRow], *, is_everything: bool
) -> None:
    """Confirm an opt-out that was written now; who opted out elsewhere was told there."""
    epoch = unit.latest_sequences.pop(subject_id, None)
    if epoch is not None and wanted and channel is not Channel.IMPORT:
        await emails.enqueue(
            unit,
            EmailKind.OPTED_OUT,
            subject_id,
            f"consent:{epoch:x}",
            purposes=[] if is_everything else [purpose.title for purpose in wanted],
            is_everything=is_everything,
        )


async def _refuse(unit: UnitOfWork, subject_id: UUID, purpose: PurposeRow, channel: Channel) -> datetime:
    return await record_choice(unit, subject_id, Choice(purpose, refusal_state(purpose), channel))


async def _person(unit: UnitOfWork, name: SubjectIdentifier) -> UUID | None:
    """Give the person whom the name means, locked; None when it is an address that nobody is registered under."""
    if name.kind == "email":
        await suppressions.lock_identifiers(unit, name)
    subject = await resolution.find_for_update(unit, name)
    if subject is None:
        if name.kind != "email":
            raise SubjectNotFound(argument="subject")
        return None
    if subject.status in {SubjectStatus.ERASING, SubjectStatus.ERASED}:
        raise SubjectErased
    unit.subject_ids.append(subject.subject_id)
    return subject.subject_id
