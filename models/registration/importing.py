"""Import of people from another system, with their consents. An import never reverts an opt-out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from models.consent import recording, suppressions
from models.consent.recording import Choice
from models.consent.suppressions import ALL_PURPOSES
from models.payments import fragments
from models.registration import bulk_insert, registering
from models.registration.bulk_insert import InsertSlot
from models.registration.records import ImportedConsent, ImportedSubject
from models.storage.statement import Statement
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.sync import references, reports
from models.unit_of_work import UnitOfWork


class ImportOutcome(StrEnum):
    """The outcome of an import for one person."""

    NEW = "imported"
    COMPLETED = "completed"
    UNCHANGED = "unchanged"


class ImportResult(NamedTuple):
    """The outcome of an import, and how many grants were skipped because an opt-out forbids them."""

    outcome: ImportOutcome
    forbidden_count: int


SUPPRESSIONS = Statement("""
SELECT s.opted_out_at, ARRAY(
    SELECT r.purpose
    FROM suppressions AS r
    JOIN email_addresses AS e ON e.lookup_hash = r.lookup_hash
    WHERE e.subject_id = s.id
)
FROM subjects AS s
WHERE s.id = :subject_id
""")

REFUSED_PURPOSES = Statement("""
SELECT s.id, c.purpose,
    GREATEST(CAST(c.choice ->> 1 AS timestamptz), CAST(s.refusals_confirmed_at ->> c.purpose AS timestamptz))
FROM subjects AS s
CROSS JOIN LATERAL jsonb_each(s.choices) AS c (purpose, choice)
WHERE s.id = ANY(:ids)
AND c.choice ->> 0 <> 'GRANTED'
""")


def is_forbidden(
    consent: ImportedConsent,
    opted_out_at: datetime | None,
    suppressed: Collection[str],
    refused_at: Mapping[str, datetime] = MappingProxyType({}),
) -> bool:
    """Return whether an opt-out forbids this grant: of all purposes, of an address, or of the purpose before the grant.

    ``refused_at`` holds the last refusal of each purpose that is refused now. The channel of an imported grant does not
    matter, because an export may lack the person's latest choice. Only the person reverts an opt-out.
    """
    if not consent.grants:
        return False
    key = consent.purpose.key
    return (
        opted_out_at is not None
        or not {ALL_PURPOSES, key}.isdisjoint(suppressed)
        or (key in refused_at and refused_at[key] < consent.at)
    )


async def import_subject(unit: UnitOfWork, person: ImportedSubject, slot: InsertSlot | None) -> ImportResult:
    """Insert the person, or add what is missing to the stored person. Stored values stay as they are.

    A new person is inserted with the prepared ``slot``. Raise SUBJECT_AMBIGUOUS when the identifiers belong to several
    people, and SUBJECT_ERASED when they belong to an erased person (see ``registering.find_owner``).
    """
    identifiers = [hash_identifier(unit.keyring, name) for name in person.names]
    addresses = [identifier for identifier in identifiers if identifier.kind == "email"]
    owner = await registering.find_owner(unit, identifiers)
    if owner is None and slot is not None and not await suppressions.find_suppressions(unit, *addresses):
        sync_references = [synced.sync.reference for synced in person.syncs]
        await references.require_unshared(unit, slot.key.owner_id, sync_references, "syncAccounts")
        await bulk_insert.insert(unit, slot, person)
        return ImportResult(ImportOutcome.NEW, 0)
    subject_id = await registering.upsert_subject(unit, owner, identifiers, person.display_name, person.country)
    forbidden_count = await _record_consents(unit, subject_id, person.consents)
    name = SubjectIdentifier("id", subject_id)
    for fragment in person.fragments:
        await fragments.store_payment_fragment(unit, name, fragment)
    for synced in person.syncs:
        account_id = await reports.store_report(unit, name, synced.sync)
        if synced.clients:
            key = await unit.keyring.key_of(subject_id)
            for client, seen_at in synced.clients:
                await reports.record_client(unit, key, account_id, client, seen_at)
    return ImportResult(ImportOutcome.NEW if owner is None else ImportOutcome.COMPLETED, forbidden_count)


async def _record_consents(unit: UnitOfWork, subject_id: UUID, consents: Sequence[ImportedConsent]) -> int:
    """Record the consents that no opt-out forbids, in their order. Return how many grants were skipped."""
    forbidden_count = 0
    opted_out_at, suppressed = await SUPPRESSIONS.row(unit.connection, subject_id=subject_id) or (None, ())
    refused_at = {row[1]: row[2] for row in await REFUSED_PURPOSES.rows(unit.connection, ids=[subject_id])}
    for consent in consents:
        if is_forbidden(consent, opted_out_at, suppressed, refused_at):
            forbidden_count += 1
        else:
            choice = Choice(consent.purpose, consent.state, consent.channel, consent.at, consent.policy_version)
            await recording.record_choice(unit, subject_id, choice)
    return forbidden_count
