"""Records of a new person: all that is known of the person, and the encrypted table rows built from it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from models.consent.ledger import Channel, ConsentState, refusal_state
from models.consent.purposes import PurposeRow
from models.consent.stored_choices import StoredChoice, encode_all
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.payments.fragments import EXPIRY_MONTH, EXPIRY_YEAR, LAST_DIGITS, FragmentInput
from models.payments.fragments import REFERENCE as CARD
from models.storage.ids import new_id
from models.subjects.accounts import REFERENCE as ACCOUNT
from models.subjects.email_addresses import ADDRESS
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.subjects.subjects import COUNTRY, DISPLAY_NAME, regime_of
from models.sync import references
from models.sync.accounts import APP, FILE_NAME, PLATFORM, USER_AGENT, VERSION
from models.sync.accounts import REFERENCE as SYNC
from models.sync.client_indexes import ClientIndex, index_client
from models.sync.reports import ClientReport, SyncReport


class ImportedConsent(NamedTuple):
    """A consent that the person granted or refused in another system, and when."""

    purpose: PurposeRow
    grants: bool
    at: datetime
    channel: Channel
    policy_version: str | None = None
    """The version that the person saw, or that was in force then; None for the version in force now."""

    @property
    def state(self) -> ConsentState:
        return ConsentState.GRANTED if self.grants else refusal_state(self.purpose)


class ImportedSync(NamedTuple):
    """A sync account, with each client once and the time at which it was last seen."""

    sync: SyncReport
    clients: Sequence[tuple[ClientReport, datetime]]


class ImportedSubject(NamedTuple):
    """All that is known of a person, validated: no identifier or reference twice, the primary address first."""

    addresses: Sequence[SubjectIdentifier]
    accounts: Sequence[SubjectIdentifier] = ()
    display_name: str | None = None
    country: str | None = None
    consents: Sequence[ImportedConsent] = ()
    fragments: Sequence[FragmentInput] = ()
    syncs: Sequence[ImportedSync] = ()

    @property
    def names(self) -> list[SubjectIdentifier]:
        return [*self.addresses, *self.accounts]


class RecordContext(NamedTuple):
    """The values that all rows of one person share. ``next_id`` returns the id of each new row."""

    at: datetime
    actor: str
    policy_version: str
    next_id: Callable[[], UUID] = new_id


ConsentKey = tuple[str, ConsentState, datetime, Channel]
"""What identifies one choice of a person: purpose, state, effective time and channel."""
Rows = dict[str, list[tuple[Any, ...]]]

COLUMNS = {
    "subjects": (
        *("id", "registered_at", "regime", "epoch", "display_name", "country"),
        *("choices", "refusals_confirmed_at"),
    ),
    "email_addresses": (
        *("subject_id", "id", "address", "lookup_version", "lookup_hash"),
        *("is_primary", "added_at"),
    ),
    "accounts": ("subject_id", "id", "system", "reference", "lookup_version", "lookup_hash", "added_at"),
    "consent_events": (
        *("subject_id", "epoch", "purpose", "state", "effective_at"),
        *("recorded_at", "channel", "policy_version", "actor"),
    ),
    "payment_fragments": (
        *("subject_id", "id", "reference", "lookup_version", "lookup_hash"),
        *("last_digits", "expiry_month", "expiry_year", "stored_at"),
    ),
    "sync_accounts": (
        *("subject_id", "id", "reference", "lookup_version", "lookup_hash"),
        *("storage_bytes", "file_count", "last_synced_at", "reference_hash", "replaced_name_count"),
    ),
    "sync_clients": (
        *("subject_id", "sync_account_id", "lookup_hash"),
        *("app", "version", "platform", "user_agent", "last_seen_at"),
        *ClientIndex._fields,
    ),
    "sync_files": ("subject_id", "sync_account_id", "id", "lookup_hash", "name", "size_bytes", "modified_at"),
}
"""The columns of each table's rows. Tables are in an order that foreign keys permit."""


def build_rows(person: ImportedSubject, key: DataKey, keyring: Keyring, context: RecordContext) -> Rows:
    """Return the encrypted rows of a new person, by table."""
    rows: Rows = {table: [] for table in COLUMNS}
    at, next_id, subject_id = context.at, context.next_id, key.owner_id
    events = rows["consent_events"] = _event_rows(person.consents, subject_id, context)
    choices, refusals_confirmed_at = _current_choices(events)
    rows["subjects"].append((
        subject_id,
        at,
        regime_of(person.country),
        len(events),
        DISPLAY_NAME.encrypt(key, person.display_name) if person.display_name is not None else None,
        COUNTRY.encrypt(key, person.country) if person.country is not None else None,
        choices,
        refusals_confirmed_at,
    ))  # fmt: skip
    for index, name in enumerate(person.addresses):
        version, digest = hash_identifier(keyring, name).newest
        encrypted = ADDRESS.encrypt(key, name.normalized)
        rows["email_addresses"].append((subject_id, next_id(), encrypted, version, digest, index == 0, at))
    for name in person.accounts:
        version, digest = hash_identifier(keyring, name).newest
        encrypted = ACCOUNT.encrypt(key, name.normalized)
        rows["accounts"].append((subject_id, next_id(), name.system, encrypted, version, digest, at))
    for card in person.fragments:
        version, digest = keyring.lookup_hashes("payment", f"{subject_id}\x00{card.reference}")[0]
        rows["payment_fragments"].append((
            subject_id,
            next_id(),
            CARD.encrypt(key, card.reference),
            version,
            digest,
            LAST_DIGITS.encrypt(key, card.last_digits),
            EXPIRY_MONTH.encrypt(key, f"{card.expiry_month:02}"),
            EXPIRY_YEAR.encrypt(key, str(card.expiry_year)),
            at,
        ))  # fmt: skip
    for synced in person.syncs:
        _add_sync_rows(rows, synced, key, keyring, next_id)
    return rows


def _event_rows(consents: Sequence[ImportedConsent], subject_id: UUID, context: RecordContext) -> list[Any]:
    """Return the rows of consent_events, each event once."""
    versions: dict[ConsentKey, str] = {}
    for consent in consents:
        event = (consent.purpose.key, consent.state, min(consent.at, context.at), consent.channel)
        versions.setdefault(event, consent.policy_version or context.policy_version)
    return [
        (subject_id, sequence, purpose, state, at, context.at, channel, policy_version, context.actor)
        for sequence, ((purpose, state, at, channel), policy_version) in enumerate(versions.items(), 1)
    ]


def _current_choices(events: Iterable[Any]) -> tuple[str | None, str | None]:
    """Return the current choices after these events, and when the refusals among them were last repeated, as JSON.

    The order is that of ``consent.recording``: by effective time; at the same time a refusal follows a grant.
    """
    choices: dict[str, StoredChoice] = {}
    confirmed_at: dict[str, datetime] = {}
    granted = ConsentState.GRANTED
    ordered = sorted(events, key=lambda event: (event[4], event[3] != granted, event[1]))
    for _, _, purpose, state, at, _, channel, policy_version, _ in ordered:
        current = choices.get(purpose)
        if current is None or granted in {state, current.state}:
            choices[purpose] = StoredChoice(state, at, channel, policy_version)
            confirmed_at.pop(purpose, None)
        elif at > current.effective_at:
            confirmed_at[purpose] = at
    return encode_all(choices), orjson.dumps(confirmed_at).decode() if confirmed_at else None


def _add_sync_rows(
    rows: Rows, synced: ImportedSync, key: DataKey, keyring: Keyring, next_id: Callable[[], UUID]
) -> None:
    sync, subject_id, account_id = synced.sync, key.owner_id, next_id()
    version, digest = keyring.lookup_hashes("sync", f"{subject_id}\x00{sync.reference}")[0]
    encrypted = SYNC.encrypt(key, sync.reference)
    counts = (sync.storage_bytes, sync.file_count, sync.synced_at)
    reference_hash = references.reference_hashes(keyring, sync.reference)[0].digest
    replaced = None if sync.files is None else sync.replaced_name_count
    rows["sync_accounts"].append(
        (subject_id, account_id, encrypted, version, digest, *counts, reference_hash, replaced)
    )
    for client, seen_at in synced.clients:
        rows["sync_clients"].append((
            subject_id,
            account_id,
            keyring.lookup_hashes("client", "\x00".join((str(account_id), *client)))[0].digest,
            APP.encrypt(key, client.app),
            VERSION.encrypt(key, client.version),
            PLATFORM.encrypt(key, client.platform),
            USER_AGENT.encrypt(key, client.user_agent),
            seen_at,
            *index_client(keyring, client.app, client.version, client.platform),
        ))  # fmt: skip
    for file in sync.files or ():
        digest = keyring.lookup_hashes("file", f"{account_id}\x00{file.name}")[0].digest
        encrypted = FILE_NAME.encrypt(key, file.name)
        rows["sync_files"].append(
            (subject_id, account_id, next_id(), digest, encrypted, file.size_bytes, file.modified_at)
        )
