"""Rows of ``benchmarks.keeping`` that plain SQL creates: letters to send, and data of retention rules."""

from collections.abc import Mapping, Sequence
from typing import Final

START_NOTICES: Final = (
    "INSERT INTO statistics_days (day) VALUES (CURRENT_DATE)",
    """
    INSERT INTO policy_versions (version, effective_on, url, published_at)
    VALUES ('next', CURRENT_DATE + 30, 'https://example.com/privacy', clock_timestamp())
    """,
    "INSERT INTO policy_notices (version) VALUES ('next')",
    """
    INSERT INTO incidents (id, kind, aware_at, categories, reported_by, consequences, measures, notify_at)
    VALUES (gen_random_uuid(), 'THEFT', now(), '{CONTACT}', 'benchmark', 'None known.', 'Keys were replaced.', now())
    """,
    "INSERT INTO affected_people (subject_id, cause_id) SELECT s.id, i.id FROM subjects AS s, incidents AS i",
)
"""A new policy and an incident, each with a letter to each person."""

DUE_RULE: Final = (
    "UPDATE retention_rules SET set_at = clock_timestamp(), counted_at = clock_timestamp()",
    "UPDATE retention_rules SET set_at = clock_timestamp() - interval '3 days' WHERE category = '{category}'",
)
"""Make one rule due, and no other."""

_PEOPLE: Final = (
    "CREATE TEMPORARY TABLE numbered AS SELECT row_number() OVER (ORDER BY id) - 1 AS number, id FROM subjects",
    "CREATE UNIQUE INDEX ON numbered (number)",
    "ANALYZE numbered",
    "SET session_replication_role = replica",
)

CREATE_ROWS: Final[Mapping[str, Sequence[str]]] = {
    "SYNC_FILE_NAMES": (
        *_PEOPLE,
        # A hundredth of the accounts, with ten files each, were last seen two months ago.
        """
        CREATE TEMPORARY TABLE account AS
        SELECT n AS number, p.id AS subject_id, gen_random_uuid() AS id
        FROM generate_series(1, {rows} / 10) AS n
        JOIN numbered AS p ON p.number = n % (SELECT count(*) FROM numbered)
        """,
        """
        INSERT INTO sync_accounts (subject_id, id, reference, lookup_version, lookup_hash, storage_bytes, file_count,
            last_synced_at)
        SELECT subject_id, id, '', 1, decode(md5('a' || number) || md5('b' || number), 'hex'), 1, 10,
            now() - make_interval(days => CASE WHEN number % 100 = 0 THEN 60 ELSE 1 END)
        FROM account
        """,
        """
        INSERT INTO sync_files (subject_id, sync_account_id, id, lookup_hash, name, size_bytes, modified_at)
        SELECT a.subject_id, a.id, gen_random_uuid(), decode(md5('a' || n) || md5(CAST(a.id AS text)), 'hex'),
            decode(repeat(md5(CAST(n AS text)), 3), 'hex'), 1, now()
        FROM account AS a, generate_series(0, 9) AS n
        """,
        "ANALYZE sync_accounts, sync_files",
    ),
    "SYNC_METADATA": (
        *_PEOPLE,
        """
        INSERT INTO sync_clients (subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent,
            last_seen_at)
        SELECT p.id, gen_random_uuid(), decode(md5('a' || n) || md5('b' || n), 'hex'), '', '', '', '',
            now() - make_interval(days => CASE WHEN n % 100 = 0 THEN 60 ELSE 1 END)
        FROM generate_series(1, {rows}) AS n
        JOIN numbered AS p ON p.number = n % (SELECT count(*) FROM numbered)
        """,
        "ANALYZE sync_clients",
    ),
    "LETTERS": (
        *_PEOPLE,
        """
        INSERT INTO letters (subject_id, id, deed, letter, recipient, has_own_key, state, posted_at, due_at)
        SELECT p.id, gen_random_uuid(), 'consent:' || to_hex(n), 'opted_out', gen_random_uuid(), FALSE, 'SENT',
            now() - make_interval(days => CASE WHEN n % 100 = 0 THEN 400 ELSE 1 END), now()
        FROM generate_series(1, {rows}) AS n
        JOIN numbered AS p ON p.number = n % (SELECT count(*) FROM numbered)
        """,
        "ANALYZE letters",
    ),
}
"""The statements that create the rows of each rule. A hundredth of them is due."""
