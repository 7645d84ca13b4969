"""The columns about a person that an export leaves out, each with its reason.

A test demands that every such column is read by a section or stands here.
"""

from collections.abc import Mapping, Sequence
from typing import Final

_INDEX = "a keyed hash, which finds the record and cannot be turned back into the value"
_COUNTED = "a keyed hash, by which equal values are counted, and which cannot be turned back into the value"
_LINK = "an id that links rows of this service, and says nothing about the person"
_WORK = "a state of the work on the row, not about the person"
_OTHERS = "names an employee or a caller: data of others (Art. 15(4) GDPR)"
_COPY = "the export itself, or the state of the work on it"
_CODE = "a code that would let a reader pass an identity check"
_SHOWN = "shown under another section"

_REASONS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "access_events": {_OTHERS: ["actor", "actor_identity"], _LINK: ["operation_hash", "grant_id", "written_in"]},
    "access_grants": {
        _OTHERS: ["actor", "decided_by", "actor_identity", "decided_by_identity"],
        _WORK: ["ended_at"],
    },
    "accounts": {_INDEX: ["lookup_version", "lookup_hash"]},
    "affected_people": {_LINK: ["cause_id"]},
    "consent_changes": {
        _SHOWN: ["subject_id", "at", "kind", "purpose", "state"],
        _LINK: ["number", "position", "noted_at"],
    },
    "consent_events": {_OTHERS: ["actor"]},
    "email_addresses": {_INDEX: ["lookup_version", "lookup_hash"]},
    "erasure_steps": {
        _LINK: ["id", "request_id"],
        _SHOWN: ["account_reference", "reference_list"],
        _OTHERS: ["completed_by"],
        _WORK: ["attempts", "next_attempt_at", "give_up_at", "records_erased", "error"],
    },
    "export_chunks": {_COPY: ["subject_id", "part_id", "number", "request_id", "content", "stored_at"]},
    "export_steps": {
        _LINK: ["id", "request_id", "part_id"],
        _SHOWN: ["reference_list", "size_bytes", "replaced_values"],
        _OTHERS: ["completed_by"],
        _WORK: ["attempts", "next_attempt_at", "error"],
    },
    "exports": {
        _COPY: [
            *("subject_id", "request_id", "planned_at", "claimed_until", "ready_at", "archive_id", "size_bytes"),
            *("expires_at", "downloaded_at", "downloads", "ended_at"),
        ],
        _CODE: ["code_hash", "code_expires_at", "code_attempts", "codes_issued"],
    },
    "identity_codes": {
        _CODE: ["subject_id", "request_id", "code_hash", "attempts", "issued", "expires_at", "address_id"]
    },
    "letters": {
        "deleted when the letter is sent; until then the address is shown under contact": ["address", "context"],
        _LINK: ["deed", "recipient", "message_id"],
        _WORK: ["has_own_key", "due_at", "lease", "attempts", "handed_at", "reply_code"],
    },
    "payment_fragments": {_INDEX: ["lookup_version", "lookup_hash"]},
    "rights_requests": {
        _OTHERS: ["requested_by", "requested_as", "attested_by", "closed_by"],
        "of an erasure, after which nothing can be exported": [
            *("is_immediate", "prepared_at", "farewell_to", "farewell_address", "erased_at", "backups_clear_at"),
            *("erased", "certificate", "certified_at", "replay_statements", "recipients"),
        ],
        _WORK: ["claimed_until", "started_at", "settled_at", "has_restricted", "extended_at"],
    },
    "retention_holds": {_OTHERS: ["reference"], _LINK: ["id"]},
    "subjects": {_LINK: ["epoch"]},
    "sync_accounts": {_INDEX: ["lookup_version", "lookup_hash", "reference_hash"]},
    "sync_clients": {
        _LINK: ["sync_account_id"],
        _INDEX: ["lookup_hash"],
        _COUNTED: ["index_version", "app_index", "version_index", "platform_index"],
    },
    "sync_files": {_LINK: ["sync_account_id"], _INDEX: ["lookup_hash"]},
}

NOT_EXPORTED: Final[Mapping[str, str]] = {
    f"{table}.{column}": reason
    for table, reasons in _REASONS.items()
    for reason, columns in reasons.items()
    for column in columns
}
"""Why a column (``table.column``) is left out."""
