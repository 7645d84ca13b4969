"""Registrations that name a child under 13: nothing is stored, and a registered person is restricted for review."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import requesting
from models.errors import BadInput, Refusal, Underage
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import ErasureReason
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import SubjectRow
from models.unit_of_work import UnitOfWork

CHANNELS: Final = {Role.STORE: Channel.STORE, Role.SYNC: Channel.SYNC, Role.SERVICE: Channel.APP}
"""The channel of the requests that a role's report opens; SCRIPT for the others."""


async def register_subject(unit: UnitOfWork, registration: Registration) -> UUID | Refusal:
    """Register a person; for a child under 13 return the refusal UNDERAGE, so that the request is committed.

    A registered person who owns the address or the account may be that child: an erasure with the reason UNDERAGE is
    opened. It restricts processing at once, and runs only after SUPPORT or PRIVACY attests it. Raise UNDERAGE when no
    registered person is named.
    """
    if not registration.is_under_13:
        return await registering.register_or_complete(unit, registration)
    names = []
    with suppress(BadInput):  # what is no address belongs to no registered person
        names.append(SubjectIdentifier.any_email(registration.email, "input.email"))
    if registration.account:
        names.append(SubjectIdentifier.account(*registration.account, "input.account"))
    await report_children(unit, names, CHANNELS.get(unit.actor.role, Channel.SCRIPT))
    return Underage()


async def report_children(unit: UnitOfWork, names: Sequence[SubjectIdentifier], channel: Channel) -> None:
    """Open an erasure with the reason UNDERAGE for each registered person of these names.

    Raise UNDERAGE when there is none, so that nothing is stored.
    """
    subjects = await _find_named(unit, names)
    if not subjects:
        raise Underage
    options = ErasureOptions(channel, reason=ErasureReason.UNDERAGE)
    for subject in subjects:
        await requesting.request_erasure(unit, SubjectIdentifier("id", subject.subject_id), options)


async def _find_named(unit: UnitOfWork, names: Sequence[SubjectIdentifier]) -> list[SubjectRow]:
    """Return the people who own the names, in the order of their locks, unless they are erased."""
    rows = [row for name in names for row in await resolution.find_many(unit.connection, unit.keyring, [name])]
    by_id = {row.subject_id: row for row in rows if row and not resolution.is_erased(row)}
    return [by_id[subject_id] for subject_id in sorted(by_id)]
