"""The two tables of the lean peers: what an author writes who keeps choices and sync metadata alone.

They are filled from the unencrypted tables, so that every contestant answers from the same values.
"""

TABLES = """
CREATE SCHEMA lean;
CREATE TABLE lean.choices (
    subject_id uuid NOT NULL, purpose text NOT NULL, granted boolean NOT NULL, legal_basis text NOT NULL,
    policy_version text NOT NULL, decided_at timestamptz NOT NULL
);
CREATE TABLE lean.sync_metadata (
    subject_id uuid NOT NULL, account_id uuid NOT NULL, reference text NOT NULL, storage_bytes bigint NOT NULL,
    file_count integer NOT NULL, last_synced_at timestamptz NOT NULL, app text NOT NULL, version text NOT NULL,
    platform text NOT NULL, user_agent text NOT NULL, last_seen_at timestamptz NOT NULL
);
INSERT INTO lean.choices (subject_id, purpose, granted, legal_basis, policy_version, decided_at)
SELECT c.subject_id, c.purpose,
    c.state = 'GRANTED'
        AND (p.lapses_after_days IS NULL OR c.effective_at + p.lapses_after_days * interval '1 day' > now()),
    p.legal_basis, c.policy_version, c.effective_at
FROM consents AS c
JOIN purposes AS p ON p.key = c.purpose
ORDER BY c.subject_id, c.purpose;
INSERT INTO lean.sync_metadata (
    subject_id, account_id, reference, storage_bytes, file_count, last_synced_at, app, version, platform, user_agent,
    last_seen_at
)
SELECT a.subject_id, a.id, a.reference, a.storage_bytes, a.file_count, a.last_synced_at, c.app, c.version, c.platform,
    c.user_agent, c.last_seen_at
FROM sync_accounts AS a
JOIN sync_clients AS c ON c.sync_account_id = a.id
ORDER BY a.subject_id, a.id, c.app;
ALTER TABLE lean.choices ADD PRIMARY KEY (subject_id, purpose);
ALTER TABLE lean.sync_metadata ADD PRIMARY KEY (subject_id, account_id, app);
VACUUM (ANALYZE);
"""
