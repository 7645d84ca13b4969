"""Copy the people into unencrypted tables of another database for the peers, with the indexes of their reads."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from benchmarks import lean_tables
from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.encryption.keyring import Keyring
from models.payments import fragments
from models.subjects import email_addresses, subjects
from models.sync import accounts

CHUNK = 5_000

TABLES = """
CREATE TABLE purposes (
    key text PRIMARY KEY, title text NOT NULL, description text NOT NULL, legal_basis text NOT NULL,
    is_marketing boolean NOT NULL, lapses_after_days integer
);
CREATE TABLE policy_versions (version text PRIMARY KEY, effective_on date NOT NULL);
CREATE TABLE subjects (
    id uuid PRIMARY KEY, status text NOT NULL, registered_at timestamptz NOT NULL, regime text NOT NULL,
    opted_out_at timestamptz, display_name text, country text
);
CREATE TABLE email_addresses (
    subject_id uuid NOT NULL, id uuid NOT NULL, address text NOT NULL, is_primary boolean NOT NULL,
    verified_at timestamptz, added_at timestamptz NOT NULL
);
CREATE TABLE consents (
    subject_id uuid NOT NULL, purpose text NOT NULL, state text NOT NULL, effective_at timestamptz NOT NULL,
    channel text NOT NULL, policy_version text NOT NULL
);
CREATE TABLE payment_fragments (
    subject_id uuid NOT NULL, id uuid NOT NULL, reference text NOT NULL, last_digits text NOT NULL,
    expiry_month text NOT NULL, expiry_year text NOT NULL, stored_at timestamptz NOT NULL
);
CREATE TABLE sync_accounts (
    subject_id uuid NOT NULL, id uuid NOT NULL, reference text NOT NULL, storage_bytes bigint NOT NULL,
    file_count integer NOT NULL, last_synced_at timestamptz NOT NULL
);
CREATE TABLE sync_clients (
    subject_id uuid NOT NULL, sync_account_id uuid NOT NULL, app text NOT NULL, version text NOT NULL,
    platform text NOT NULL, user_agent text NOT NULL, last_seen_at timestamptz NOT NULL
);
"""

INDEXES = """
ALTER TABLE email_addresses ADD PRIMARY KEY (id), ADD UNIQUE (address),
    ADD FOREIGN KEY (subject_id) REFERENCES subjects;
CREATE INDEX ON email_addresses (subject_id);
ALTER TABLE consents ADD PRIMARY KEY (subject_id, purpose),
    ADD FOREIGN KEY (subject_id) REFERENCES subjects, ADD FOREIGN KEY (purpose) REFERENCES purposes;
ALTER TABLE payment_fragments ADD PRIMARY KEY (id), ADD FOREIGN KEY (subject_id) REFERENCES subjects;
CREATE INDEX ON payment_fragments (subject_id);
ALTER TABLE sync_accounts ADD PRIMARY KEY (id), ADD FOREIGN KEY (subject_id) REFERENCES subjects;
CREATE INDEX ON sync_accounts (subject_id);
ALTER TABLE sync_clients ADD PRIMARY KEY (sync_account_id, app),
    ADD FOREIGN KEY (sync_account_id) REFERENCES sync_accounts;
VACUUM (ANALYZE);
"""

# The rules of models.consent.decisions as an SQL function, for PostGraphile, which has no other layer for them.
DECISION = """
CREATE TYPE consent_decision AS (
    subject_id uuid, purpose text, allowed boolean, reason text, legal_basis text, effective_at timestamptz
);
CREATE FUNCTION consent_decision(subject_id uuid, purpose text) RETURNS consent_decision LANGUAGE sql STABLE AS $$
WITH known AS (
    SELECT s.id, p.key, p.legal_basis, p.lapses_after_days, s.status, s.opted_out_at, c.state, c.effective_at,
        p.legal_basis = 'CONSENT' AS needs_consent,
        s.opted_out_at IS NOT NULL AND (c.effective_at IS NULL
            OR (c.state = 'GRANTED' AND c.effective_at <= s.opted_out_at)) AS is_out
    FROM purposes AS p
    LEFT JOIN subjects AS s ON s.id = $1
    LEFT JOIN consents AS c ON c.subject_id = s.id AND c.purpose = p.key
    WHERE p.key = $2
), judged AS (
    SELECT *, CASE
        WHEN id IS NULL THEN 'UNKNOWN_SUBJECT'
        WHEN status <> 'ACTIVE' THEN status
        WHEN legal_basis IN ('CONTRACT', 'LEGAL_OBLIGATION') THEN 'NECESSARY'
        WHEN is_out OR (state IS NOT NULL AND state <> 'GRANTED') THEN
            CASE WHEN needs_consent THEN 'WITHDRAWN' ELSE 'OBJECTED' END
        WHEN state IS NULL THEN CASE WHEN needs_consent THEN 'NEVER_ASKED' ELSE 'NOT_OBJECTED' END
        WHEN NOT needs_consent THEN 'NOT_OBJECTED'
        WHEN effective_at + lapses_after_days * interval '1 day' <= now() THEN 'LAPSED'
        ELSE 'GRANTED'
    END AS reason FROM known
)
SELECT (id, key, reason IN ('GRANTED', 'NOT_OBJECTED', 'NECESSARY'), reason, legal_basis,
    CASE WHEN is_out THEN opted_out_at WHEN reason = 'LAPSED' THEN effective_at + lapses_after_days * interval '1 day'
        WHEN reason IN ('GRANTED', 'NOT_OBJECTED', 'WITHDRAWN', 'OBJECTED') THEN effective_at END)::consent_decision
FROM judged
$$;
"""


class CopiedTable(NamedTuple):
    """A table to copy: its columns in the order of the unencrypted table, and the encrypted columns.

    ``source`` is what the rows are read from, if it is not a table of the same name.
    """

    columns: str
    encrypted: Mapping[str, EncryptedColumn] = {}
    owner: str = "subject_id"
    source: str | None = None


CHOICES = """(
    SELECT s.id AS subject_id, c.purpose, c.choice ->> 0 AS state, CAST(c.choice ->> 1 AS timestamptz) AS effective_at,
        c.choice ->> 2 AS channel, c.choice ->> 3 AS policy_version
    FROM subjects AS s
    CROSS JOIN LATERAL jsonb_each(s.choices) AS c (purpose, choice)
) AS choices"""
"""The choices in the rows of people, as the rows of a table."""


COPIED_TABLES = {
    "subjects": CopiedTable(
        "id status registered_at regime opted_out_at display_name country",
        {"display_name": subjects.DISPLAY_NAME, "country": subjects.COUNTRY},
        "id",
    ),
    "email_addresses": CopiedTable(
        "subject_id id address is_primary verified_at added_at", {"address": email_addresses.ADDRESS}
    ),
    "consents": CopiedTable("subject_id purpose state effective_at channel policy_version", source=CHOICES),
    "payment_fragments": CopiedTable(
        "subject_id id reference last_digits expiry_month expiry_year stored_at",
        {
            "reference": fragments.REFERENCE,
            "last_digits": fragments.LAST_DIGITS,
            "expiry_month": fragments.EXPIRY_MONTH,
            "expiry_year": fragments.EXPIRY_YEAR,
        },
    ),
    "sync_accounts": CopiedTable(
        "subject_id id reference storage_bytes file_count last_synced_at", {"reference": accounts.REFERENCE}
    ),
    "sync_clients": CopiedTable(
        "subject_id sync_account_id app version platform user_agent last_seen_at",
        {
            "app": accounts.APP,
            "version": accounts.VERSION,
            "platform": accounts.PLATFORM,
            "user_agent": accounts.USER_AGENT,
        },
    ),
}


async def copy_people(source: asyncpg.Pool, keyring: Keyring, target: str) -> None:
    """Decrypt all values and write them into an empty database, 5,000 people at a time."""
    plain = await asyncpg.connect(target)
    try:
        await plain.execute(TABLES + DECISION)
        for table in ("purposes", "policy_versions"):
            rows = await source.fetch(f"SELECT * FROM {table}")
            await plain.copy_records_to_table(table, records=[tuple(row) for row in rows])
        after = UUID(int=0)
        while ids := [
            row[0]
            for row in await source.fetch("SELECT id FROM subjects WHERE id > $1 ORDER BY id LIMIT $2", after, CHUNK)
        ]:
            async with keyring.pool.acquire() as connection:
                keys = await keyring.of_subjects(connection, ids)
            for table, table_copy in COPIED_TABLES.items():
                rows = await source.fetch(
                    f"SELECT {table_copy.columns.replace(' ', ', ')} FROM {table_copy.source or table} "
                    f"WHERE {table_copy.owner} = ANY($1)",
                    ids,
                )
                await plain.copy_records_to_table(
                    table, records=_decrypt_rows(rows, table_copy, keys), columns=table_copy.columns.split()
                )
            after = ids[-1]
        await _run_each(plain, INDEXES)
        await _run_each(plain, lean_tables.TABLES)
    finally:
        await plain.close()


async def _run_each(connection: asyncpg.Connection, text: str) -> None:
    """Run statements one by one, because VACUUM cannot run in a transaction."""
    for statement in text.split(";\n"):
        if statement.strip():
            await connection.execute(statement, timeout=600)


def _decrypt_rows(
    rows: Sequence[asyncpg.Record], table_copy: CopiedTable, keys: Mapping[UUID, DataKey | None]
) -> list[tuple[Any, ...]]:
    encrypted = [table_copy.encrypted.get(name) for name in table_copy.columns.split()]
    decrypted = []
    for row in rows:
        key = keys[row[0]]
        decrypted.append(
            tuple(
                column.decrypt(key, value) if column and value and key else value
                for column, value in zip(encrypted, row, strict=True)
            )
        )
    return decrypted
