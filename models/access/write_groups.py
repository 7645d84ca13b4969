"""Write groups: the PostgreSQL role that each mutation runs as, and the statements that this role executes.

The grants of a group follow from its statements: its sessions write the columns that these name, and no other.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple


class WriteGroup(NamedTuple):
    """Mutations that run as one PostgreSQL role."""

    role: str
    mutations: tuple[str, ...]
    """The packages and modules whose functions are these mutations."""
    statements: tuple[str, ...]
    """The packages and modules whose statements the mutations execute, and single statements, by their full names."""


AUDIT: Final = ("models.audit.events.INSERT_EVENTS", "models.audit.known_systems.INSERT")
"""What every group executes: each mutation appends its access event."""
EMAIL: Final = "models.outbox.emails.ENQUEUE"
STAFF_NOTICE: Final = "models.outbox.staff_notices.ENQUEUE"
CHOICES: Final = (
    "models.consent.current_choices",
    "models.consent.opt_outs",
    "models.consent.suppressions",
)
"""What records a choice of a person, or of an address."""

ACCESS: Final = WriteGroup(
    "privacy_access_writer",
    ("models.access",),
    (
        "models.access.access_grants",
        "models.access.grant_decisions",
        "models.access.token_approval",
        "models.access.tokens.ISSUE",
        "models.access.tokens.REVOKE",
        STAFF_NOTICE,
    ),
)
CONSENT: Final = WriteGroup(
    "privacy_consent_writer", ("models.consent",), (*CHOICES, "models.consent.recording.DELETE_SUPPRESSIONS", EMAIL)
)
REGISTRATION: Final = WriteGroup(
    "privacy_registration_writer",
    ("models.delivery.bounces", "models.erasure.registration_suppressions", "models.registration"),
    (
        *CHOICES,
        "models.registration.registering",
        "models.subjects.accounts",
        "models.subjects.email_addresses",
        "models.subjects.subjects.SET_PROFILE",
        # A report of a child opens an erasure.
        "models.erasure.requesting.BRING_FORWARD",
        "models.requests.intake",
        "models.requests.underage.MARK_RESTRICTED",
        "models.requests.underage.RESTRICT",
        "models.requests.underage.SET_REASON",
        "models.requests.verification_codes.ISSUE",
        EMAIL,
        STAFF_NOTICE,
    ),
)
PAYMENTS: Final = WriteGroup("privacy_payments_writer", ("models.payments",), ("models.payments",))
SYNC: Final = WriteGroup("privacy_sync_writer", ("models.sync",), ("models.sync",))
REQUESTS: Final = WriteGroup(
    "privacy_requests_writer",
    (
        "models.erasure.requesting",
        "models.erasure.steps",
        "models.exports",
        "models.requests",
        "models.subjects.restrictions",
    ),
    (
        "models.erasure.requesting",
        "models.erasure.steps",
        "models.exports.chunks",
        "models.exports.downloads",
        "models.exports.handing_in",
        "models.exports.steps",
        "models.requests",
        "models.subjects.subjects.SET_STATUS",
        EMAIL,
        STAFF_NOTICE,
    ),
)
"""Requests of people, their steps and their exports. Each ends a request or restricts processing."""
DISCLOSURES: Final = WriteGroup(
    "privacy_disclosures_writer",
    ("models.disclosures", "models.incidents"),
    (
        "models.disclosures.disclosures",
        "models.disclosures.forced",
        "models.disclosures.recipients",
        "models.incidents",
        "models.notifications.affected_people.ADD",
        # The report of an incident may revoke the token that was misused.
        "models.access.tokens.REVOKE",
    ),
)
POLICY: Final = WriteGroup(
    "privacy_policy_writer",
    ("models.erasure.system_backups", "models.policy", "models.retention"),
    (
        "models.erasure.system_backups",
        "models.policy.versions",
        "models.retention.holds",
        "models.retention.rules",
    ),
)
GROUPS: Final = (ACCESS, CONSENT, REGISTRATION, PAYMENTS, SYNC, REQUESTS, DISCLOSURES, POLICY)

SERVICE: Final = WriteGroup(
    "privacy_internal_writer",
    (),
    (
        "models.access.people_limits",
        "models.access.tokens.USED",
        "models.consent.decision_counts",
        # In the keyring's database, where all groups write as this role:
        "models.encryption.email_keys.EMAIL_KEYS",
        "models.encryption.keyring.LOOKUP_KEYS",
        "models.encryption.keyring.SUBJECT_KEYS",
        "models.erasure.certificates.INSERT_KEY",
        "models.erasure.registration_suppressions.LIFT",
    ),
)
"""What the service itself writes: access events of reads, counts, and keys. No mutation runs as its role."""


def includes(names: Iterable[str], name: str) -> bool:
    """Return whether a module or a statement is one of these, or in one of them."""
    return any(name == each or name.startswith(f"{each}.") for each in names)


@cache
def role_of(module: str) -> str:
    """Return the role that the mutations of a module run as. Raise LookupError unless one group has them."""
    roles = [group.role for group in GROUPS if includes(group.mutations, module)]
    if len(roles) != 1:
        raise LookupError(f"{module} belongs to {len(roles)} groups of mutations")
    return roles[0]
