"""Imports: people whom another system knew come in, with what they chose there; nobody's opt-out is undone by it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.consent import recording, suppressions
from models.consent.recording import Choice
from models.consent.suppressions import EVERYTHING
from models.payments import fragments
from models.registration import bulk_insert, registering
from models.registration.bulk_insert import Place
from models.registration.records import Consented, Person
from models.storage.database import Statement
from models.subjects.identifiers import Name
from models.sync import reports
from models.unit_of_work import Deed


class Arrival(StrEnum):
    """What an import came to for one person."""

    NEW = "imported"
    COMPLETED = "completed"
    UNCHANGED = "unchanged"


class Taken(NamedTuple):
    """What an import came to, and how many grants were left out because an opt-out forbids them."""

    arrival: Arrival
    honoured: int


REFUSALS = Statement("""
SELECT s.opted_out_at, ARRAY(
    SELECT r.purpose
    FROM suppressions AS r
    JOIN email_addresses AS e ON e.lookup_hash = r.lookup_hash
    WHERE e.subject_id = s.id
)
FROM subjects AS s
WHERE s.id = :subject_id
""")


def is_forbidden(consent: Consented, opted_out_at: datetime | None, refused: Collection[str]) -> bool:
    """Say whether an opt-out keeps this grant out: one of everything, or the do-not-mail list of the addresses.

    An export is older than it looks, and says nothing about what the person told us: whenever the grant is dated, and
    whatever channel it names, only the person's own later choice undoes an opt-out.
    """
    return consent.grants and (opted_out_at is not None or not {EVERYTHING, consent.purpose.key}.isdisjoint(refused))


async def take(deed: Deed, person: Person, place: Place | None) -> Taken:
    """Make the person known with all that is said of them; what was there stays, what is missing is added.

    A newcomer takes the ``place``. SUBJECT_AMBIGUOUS when the names belong to several people; SUBJECT_ERASED when to
    somebody erased: ``registrations.holder`` is the one place that keeps people from being brought back.
    """
    holder = await registering.holder(deed, person.names)
    if holder is None and place is not None and not await suppressions.of(deed, *person.addresses):
        await bulk_insert.add(deed, place, person)
        return Taken(Arrival.NEW, 0)
    subject_id = await registering.enter(deed, holder, person.names, person.display_name, person.country)
    honoured = await _choose(deed, subject_id, person.consents)
    name = Name("id", subject_id)
    for fragment in person.fragments:
        await fragments.store(deed, name, fragment)
    for synced in person.syncs:
        account_id = await reports.record(deed, name, synced.sync)
        if synced.clients:
            key = await deed.keyring.key_of(subject_id)
            for client, seen_at in synced.clients:
                await reports.record_client(deed, key, account_id, client, seen_at)
    return Taken(Arrival.NEW if holder is None else Arrival.COMPLETED, honoured)


async def _choose(deed: Deed, subject_id: UUID, consents: Sequence[Consented]) -> int:
    """Write the choices that no opt-out forbids, in their order; give how many grants were left out."""
    honoured = 0
    opted_out_at, refused = await REFUSALS.row(deed.connection, subject_id=subject_id) or (None, ())
    for consent in consents:
        if is_forbidden(consent, opted_out_at, refused):
            honoured += 1
        else:
            choice = Choice(consent.purpose, consent.state, consent.channel, consent.at)
            await recording.choose(deed, subject_id, choice)
    return honoured
