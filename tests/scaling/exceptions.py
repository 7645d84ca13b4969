"""The tables, keys, statements and locks of more than one person, with what a sharded engine does instead."""

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a table, a key, a statement or a lock is not of one person, and what a sharded engine does instead."""

    REFERENCE = "It holds the same few rows for all people. Each shard has a copy."
    CONFIGURATION = "It holds rows of systems, staff, incidents or days, and none about a person. One server keeps it."
    HASH = "It is found by a keyed hash. It is sharded by this hash, and leads to the person's shard."
    ROW_ID = (
        "Callers hold the id of a row. Each shard is asked, or a table sharded by this id leads to the person's shard."
    )
    MANY_PEOPLE = "It lists or counts rows of many people. Each shard is asked, and the answers are merged."
    AUDIT_LOG = "The audit log is one sequence of events. Each shard has a log of its own, with its own head."
    CHANGE_FEED = "The change feed is one sequence of changes. Each shard has a feed, and consumers merge them."
    KEYRING = "The keyring is a database of its own with a small row for each person. It stays on one server."
    LOCK_OF_ONE = "It locks one identifier or one account, on the shard of its hash."
    RARE_LOCK = "It locks what is written a few times a day. One server keeps the lock."


TABLES: Final = {
    **dict.fromkeys(("purposes", "policy_versions", "adequate_countries", "recipients", "systems"), Reason.REFERENCE),
    **dict.fromkeys(
        (
            *("notices", "people_counts", "tokens", "consent_question_counts", "forced_disclosures", "ledger_marks"),
            *("retention_rules", "retention_runs", "system_backups", "feed_subscriptions", "incidents"),
            *("policy_notices", "statistics_days", "statistics_figures"),
        ),
        Reason.CONFIGURATION,
    ),
    "suppressions": Reason.HASH,
    "change_feed": Reason.CHANGE_FEED,
    **dict.fromkeys(("access_events", "audit_eras", "audit_segments", "audit_prunes"), Reason.AUDIT_LOG),
    **dict.fromkeys(
        (
            *("subject_keys", "lookup_keys", "letter_keys", "export_keys", "key_rewrites", "backup_sets"),
            *("signing_keys", "erasures", "erased_names", "lifted_suppressions"),
        ),
        Reason.KEYRING,
    ),
}
"""The tables that are not sharded by the person."""

SHARDED_BY_HASH: Final = {"email_addresses": "lookup_hash", "accounts": "lookup_hash"}
"""Tables about people that are found by a keyed hash and sharded by this column."""

LOOK_UP_TABLES: Final = {"suppressions": "lookup_hash"}
"""Tables of hashes without a person, sharded by this column, which all of their keys have."""

KEYS: Final = {
    **dict.fromkeys(
        (
            *("access_grant_id_is_one", "erasure_step_id_is_one", "export_of_a_request_is_one"),
            *("export_step_id_is_one", "letter_id_is_one", "payment_fragment_id_is_one", "payment_removal_id_is_one"),
            *("rights_request_id_is_one", "sync_account_id_is_one"),
        ),
        Reason.ROW_ID,
    ),
    **dict.fromkeys(
        ("email_addresses_pkey", "accounts_pkey", "one_primary_address"),
        Reason.HASH,
    ),
}
"""Keys of tables about people that lack the column by which the table is sharded.

Ids of rows are random UUIDs: without these keys they would still be unique. Primary keys have the person.
"""

STATEMENTS: Final = {
    **dict.fromkeys(
        (
            "models.access.access_grants.BY_IDS",
            "models.access.grant_decisions.LOCK_GRANT",
            "models.erasure.ledger_facts.OF_REQUESTS",
            "models.erasure.ledger_lag.REQUEST_STATES",
            "models.erasure.recipient_notices.FIND",
            "models.erasure.restored_steps.OF_REQUESTS",
            "models.erasure.retained_items.OF_REQUESTS",
            "models.erasure.steps.BY_IDS",
            "models.erasure.steps.LOCK_REQUEST",
            "models.erasure.steps.OF_REQUESTS",
            "models.exports.downloads.FIND",
            "models.exports.exports.OF_REQUESTS",
            "models.exports.steps.BY_IDS",
            "models.exports.steps.FIND",
            "models.exports.steps.OF_REQUESTS",
            "models.payments.fragments.BY_IDS",
            "models.payments.fragments.DELETE",
            "models.payments.fragments.FIND_REMOVAL",
            "models.requests.locking.FIND_SUBJECT",
            "models.requests.requests.BY_IDS",
            "models.sync.accounts.BY_IDS",
            "models.sync.accounts.FILES_OF_ACCOUNTS",
        ),
        Reason.ROW_ID,
    ),
    **dict.fromkeys(
        (
            "models.consent.decision_statements.DECIDE_BY_ACCOUNT",
            "models.consent.decision_statements.DECIDE_BY_ADDRESS",
            "models.disclosures.decision_statements.DISCLOSE_BY_ACCOUNT",
            "models.disclosures.decision_statements.DISCLOSE_BY_ADDRESS",
            "models.erasure.erased_accounts.HELD_NOW",
            "models.registration.import_diff.OWNERS",
            "models.registration.registering.HAS_UNUSED_HASH",
            "models.subjects.accounts.FIND_OWNERS",
            "models.subjects.email_addresses.FIND_OWNERS",
            "models.subjects.resolution.BY_ACCOUNTS",
            "models.subjects.resolution.BY_ADDRESSES",
            "models.subjects.resolution.LOCK_BY_HASHES",
            "models.sync.references.BELONGS_TO_ANOTHER",
        ),
        Reason.HASH,
    ),
    **dict.fromkeys(
        (
            "models.access.grant_lists.FIND",
            "models.access.grant_lists.SINCE",
            "models.consent.choices.NEXT_SUBJECTS",
            "models.erasure.steps.OF_SYSTEM",
            "models.erasure.steps.OF_SYSTEM_IN_STATE",
            "models.exports.steps.OF_SYSTEM",
            "models.exports.steps.OF_SYSTEM_IN_STATE",
            "models.incidents.notices.DUE",
            "models.incidents.reporting.ADD_AFFECTED",
            "models.incidents.reporting.COUNT_AFFECTED",
            "models.notifications.affected_people.COUNTS",
            "models.notifications.affected_people.PAGE",
            "models.notifications.affected_people.TO_NOTIFY",
            "models.requests.due_notices.DUE",
            "models.requests.searching.COUNT_OVERDUE",
            "models.requests.searching.DUE",
            "models.requests.searching.DUE_IN_OPEN_STATE",
            "models.requests.searching.NEWEST",
            "models.requests.searching.NEWEST_IN_STATE",
            "models.retention.counting.SCAN_ACCOUNTS",
            "models.retention.counting.SCAN_CLIENTS",
            "models.retention.counting.SCAN_FRAGMENTS",
            "models.retention.counting.SCAN_LETTERS",
            "models.subjects.subjects.PAGE",
        ),
        Reason.MANY_PEOPLE,
    ),
    **dict.fromkeys(
        (
            "models.consent.changes.AFTER",
            "models.consent.changes.COUNT_UNPLACED",
            "models.consent.changes.PLACE",
            "models.consent.changes.PRUNE",
        ),
        Reason.CHANGE_FEED,
    ),
}
"""The statements of reads and mutations that name no person for one of their tables about people."""

JOINED_BY_HASH: Final = {
    "models.erasure.erased_accounts.HELD_NOW",
    "models.registration.import_diff.OWNERS",
    "models.registration.registering.HAS_UNUSED_HASH",
    "models.subjects.resolution.LOCK_BY_HASHES",
}
"""Of these, the statements that look several tables of hashes up at once, which on a sharded engine are two."""

LOCKS: Final = {
    "models.access.token_names.LOCK_NAMES": Reason.RARE_LOCK,
    "models.audit.known_systems.WAIT_FOR_INSERTS": Reason.AUDIT_LOG,
    "models.consent.changes.TRY_LOCK": Reason.CHANGE_FEED,
    "models.consent.suppressions.LOCK_IDENTIFIERS": Reason.LOCK_OF_ONE,
    "models.erasure.certificates.LOCK_KEYS": Reason.KEYRING,
    "models.erasure.ledger.LOCK_LEDGER": Reason.KEYRING,
    "models.incidents.reporting.LOCK": Reason.RARE_LOCK,
    "models.policy.versions.LOCK": Reason.RARE_LOCK,
    "models.sync.references.LOCK_REFERENCES": Reason.LOCK_OF_ONE,
}
"""The statements of reads and mutations that lock more than rows."""
