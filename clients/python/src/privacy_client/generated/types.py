"""Generated from schema.graphql by ``python -m clients.generator``. Do not edit."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from privacy_client.decoding import Page, date_of, datetime_of, page_of
from privacy_client.generated.enums import *

__all__ = [
    "AccessEvent",
    "AccessGrant",
    "Account",
    "Backup",
    "CaliforniaReport",
    "CaliforniaReportCaliforniaReport",
    "CaliforniaReportCaliforniaReportLines",
    "Consent",
    "ConsentChange",
    "ConsentDecision",
    "ConsentEvent",
    "ConsentHistory",
    "ConsentOfGrantConsent",
    "ConsentReceipt",
    "ConsentReceiptConsentReceipt",
    "DisclosureDecision",
    "Disclosures",
    "DisclosuresDisclosures",
    "EmailAddress",
    "ErasureCertificate",
    "ErasurePlan",
    "ErasurePlanItem",
    "ErasureStep",
    "Export",
    "ExportStep",
    "FileNames",
    "FileNamesSyncAccounts",
    "ForcedDisclosure",
    "Incident",
    "IncidentOfReportIncident",
    "IssuedToken",
    "Letter",
    "Letters",
    "MailHeader",
    "Node",
    "Nodes",
    "OptOut",
    "PaymentFragment",
    "PaymentFragments",
    "PendingErasureSteps",
    "PendingExportSteps",
    "PolicyVersion",
    "Purpose",
    "PurposeStatistics",
    "PurposeStatisticsChoices",
    "Recipient",
    "RequestSteps",
    "RequestsOfSubject",
    "RetainedItem",
    "RetentionRule",
    "RightsRequest",
    "RightsRequestOfRequestErasure",
    "Statistics",
    "StorageCounts",
    "StoredPaymentFragment",
    "Subject",
    "SubjectAccessEvents",
    "SubjectConsents",
    "SubjectForBilling",
    "SubjectOfCorrectSubject",
    "SubjectOfSubjects",
    "SubjectProfile",
    "SyncAccount",
    "SyncAccounts",
    "SyncAccountsSyncAccounts",
    "SyncClient",
    "SyncFile",
    "Token",
    "UnsubscribeLink",
    "Viewer",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The caller of this operation."""

    name: str
    """The name of the caller's token."""
    role: Role
    """The role that the caller acts in: the one in X-Role, otherwise the first role of the token."""
    roles: tuple[Role, ...]
    """All roles of the token."""
    case: str | None
    """The case in X-Case; null without that header."""
    permissions: tuple[str, ...]
    """The fields that the role may use, as coordinates such as `Mutation.optOut`."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            name=value["name"],
            role=Role(value["role"]),
            roles=tuple(Role(row) for row in value["roles"]),
            case=value["case"],
            permissions=tuple(value["permissions"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An object with an id of its own."""

    typename: str
    """The name of its type."""
    id: str
    """Its id: a short prefix of its kind, an underscore, 32 hex digits."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            typename=value["__typename"],
            id=value["id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """An object with an id of its own."""

    typename: str
    """The name of its type."""
    id: str
    """Its id: a short prefix of its kind, an underscore, 32 hex digits."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            typename=value["__typename"],
            id=value["id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectOfSubjects:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    registered_at: datetime
    """When the person was registered."""
    regime: Regime
    """The law whose deadlines apply."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            registered_at=datetime_of(value["registeredAt"]),
            regime=Regime(value["regime"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDecision:
    """The answer to whether a person's data may be processed for a purpose at this moment."""

    subject_id: str | None
    """The person's id; null when no person is registered under the identifier."""
    purpose: str
    """The purpose's name."""
    allowed: bool
    """Whether it is permitted. It is false where no choice is recorded."""
    reason: DecisionReason
    """The reason for the answer."""
    legal_basis: LegalBasis
    """The legal basis of the purpose."""
    effective_at: datetime | None
    """The time from which this answer holds; null when no choice of the person led to it."""
    lapses_at: datetime | None
    """When the grant lapses, or lapsed; null when it does not."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            subject_id=value["subjectId"],
            purpose=value["purpose"],
            allowed=value["allowed"],
            reason=DecisionReason(value["reason"]),
            legal_basis=LegalBasis(value["legalBasis"]),
            effective_at=None if value["effectiveAt"] is None else datetime_of(value["effectiveAt"]),
            lapses_at=None if value["lapsesAt"] is None else datetime_of(value["lapsesAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """A use of personal data. A use that is not a purpose cannot be consented to, and is not permitted."""

    key: str
    """The name in programs, such as `newsletter`."""
    title: str
    """The name for people."""
    description: str
    """What the personal data is used for."""
    legal_basis: LegalBasis
    """Why the use is lawful."""
    is_marketing: bool
    """Whether the purpose is marketing."""
    lapses_after_days: int | None
    """The number of days after which a grant lapses; null when it does not lapse."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            key=value["key"],
            title=value["title"],
            description=value["description"],
            legal_basis=LegalBasis(value["legalBasis"]),
            is_marketing=value["isMarketing"],
            lapses_after_days=value["lapsesAfterDays"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEvent:
    """One entry of the audit log: who read or changed which fields of which person, and for which case. It holds no personal data."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    at: datetime
    """When it happened."""
    actor: str
    """The name of the actor's token."""
    actor_identity: str | None
    """What identifies the actor beside the name: the id of a token, or issuer and subject of a JWT. Null for actors of the service itself, and for events of versions that did not record it."""
    role: Role
    """The role that the actor acted in."""
    case: str | None
    """The case that the actor named."""
    subject_id: str | None
    """The person concerned."""
    action: AccessAction
    """The kind of action."""
    fields: tuple[str, ...]
    """The fields that were read, the mutation, or the fields that were refused."""
    operation: str | None
    """The name of the GraphQL operation."""
    operation_hash: str | None
    """The SHA-256 of the operation's document without its literals, in hex digits."""
    grant_id: str | None
    """The access grant that was asked for, decided or used."""
    occurrences: int
    """How often it happened. Refusals that repeat within a minute are counted in one event."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            at=datetime_of(value["at"]),
            actor=value["actor"],
            actor_identity=value["actorIdentity"],
            role=Role(value["role"]),
            case=value["case"],
            subject_id=value["subjectId"],
            action=AccessAction(value["action"]),
            fields=tuple(value["fields"]),
            operation=value["operation"],
            operation_hash=value["operationHash"],
            grant_id=value["grantId"],
            occurrences=value["occurrences"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedItem:
    """Something that is kept after an erasure. It names no personal value."""

    what: str
    """What is kept."""
    ground: RetentionGround
    """The ground on which it is kept (Art. 17(3) GDPR)."""
    until: date | None
    """The last day on which it is kept; null while it is unknown, or as long as the ground holds."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            what=value["what"],
            ground=RetentionGround(value["ground"]),
            until=None if value["until"] is None else date_of(value["until"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCertificate:
    """Proof of an erasure that anyone can verify offline. It holds no personal data."""

    issued_at: datetime
    """When it was signed."""
    jws: str
    """A JSON Web Signature (EdDSA) of what was erased, where and when. The key that verifies it is in /.well-known/jwks.json."""
    replays: tuple[str, ...]
    """A JSON Web Signature for each repetition of the erasure after a restore, the oldest first. Each states what was erased again, and the SHA-256 of jws."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            issued_at=datetime_of(value["issuedAt"]),
            jws=value["jws"],
            replays=tuple(value["replays"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The export of a request: when it is ready and when it ends, never its content."""

    ready_at: datetime | None
    """When it was put together."""
    size_bytes: int | None
    """The size of the archive."""
    expires_at: datetime | None
    """When it is destroyed."""
    downloaded_at: datetime | None
    """When the person fetched it first."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            ready_at=None if value["readyAt"] is None else datetime_of(value["readyAt"]),
            size_bytes=value["sizeBytes"],
            expires_at=None if value["expiresAt"] is None else datetime_of(value["expiresAt"]),
            downloaded_at=None if value["downloadedAt"] is None else datetime_of(value["downloadedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsRequest:
    """A request in which a person exercises a right under data protection law."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    kind: RequestKind
    """The right that is exercised."""
    state: RequestState
    """The state of the request."""
    subject_id: str
    """The person concerned."""
    channel: Channel
    """The channel on which it was received."""
    case: str | None
    """The case that it was received under."""
    received_at: datetime
    """When it was received. The legal deadline counts from here."""
    due_at: datetime
    """The deadline under the law that applies to the person, without an extension."""
    is_overdue: bool
    """Whether it is still open after its deadline."""
    execute_at: datetime | None
    """When the cooling-off period of an erasure ends; null until identity is proved."""
    completed_at: datetime | None
    """When all live systems had finished."""
    backups_clear_at: datetime | None
    """When the last backup that still holds the person's records expires. Their values are unreadable before that, because the key is destroyed."""
    identity: IdentityProof
    """How the identity of the person was proved."""
    retained: tuple[RetainedItem, ...]
    """What is kept after the erasure, and why; before the erasure begins, what a legal hold keeps."""
    denial_reason: DenialReason | None
    """The reason for the denial."""
    certificate: ErasureCertificate | None
    """The certificate of a completed erasure."""
    extended_until: datetime | None
    """The deadline after its extension (Art. 12(3) GDPR)."""
    extension_reason: ExtensionReason | None
    """Why the deadline was extended."""
    export: Export | None
    """The export of an ACCESS or PORTABILITY request, once it is planned."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            kind=RequestKind(value["kind"]),
            state=RequestState(value["state"]),
            subject_id=value["subjectId"],
            channel=Channel(value["channel"]),
            case=value["case"],
            received_at=datetime_of(value["receivedAt"]),
            due_at=datetime_of(value["dueAt"]),
            is_overdue=value["isOverdue"],
            execute_at=None if value["executeAt"] is None else datetime_of(value["executeAt"]),
            completed_at=None if value["completedAt"] is None else datetime_of(value["completedAt"]),
            backups_clear_at=None if value["backupsClearAt"] is None else datetime_of(value["backupsClearAt"]),
            identity=IdentityProof(value["identity"]),
            retained=tuple(RetainedItem.parse(row) for row in value["retained"]),
            denial_reason=None if value["denialReason"] is None else DenialReason(value["denialReason"]),
            certificate=None if value["certificate"] is None else ErasureCertificate.parse(value["certificate"]),
            extended_until=None if value["extendedUntil"] is None else datetime_of(value["extendedUntil"]),
            extension_reason=None if value["extensionReason"] is None else ExtensionReason(value["extensionReason"]),
            export=None if value["export"] is None else Export.parse(value["export"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlanItem:
    """One kind of record that an erasure would destroy."""

    system: str
    """Where it is: `privacy` for this service, otherwise an internal system."""
    what: str
    """What it is."""
    records: int
    """The number of records; for an internal system, the number of references known to this service."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            system=value["system"],
            what=value["what"],
            records=value["records"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What the erasure of a person would destroy, and what would be kept and why."""

    subject_id: str
    """The person concerned."""
    hash: str
    """A hash of the whole plan, for the argument planHash of requestErasure."""
    items: tuple[ErasurePlanItem, ...]
    """What would be destroyed."""
    retained: tuple[RetainedItem, ...]
    """What would be kept."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            subject_id=value["subjectId"],
            hash=value["hash"],
            items=tuple(ErasurePlanItem.parse(row) for row in value["items"]),
            retained=tuple(RetainedItem.parse(row) for row in value["retained"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureStep:
    """The part of an erasure that one internal system carries out."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    request_id: str
    """The id of the request that it belongs to."""
    subject_id: str | None
    """The person to erase."""
    system: str
    """The internal system."""
    state: StepState
    """The state of the step."""
    attempts: int
    """The number of webhook deliveries that were attempted."""
    next_attempt_at: datetime | None
    """When the webhook is sent next."""
    completed_at: datetime | None
    """When the system reported that it was done."""
    records_erased: int | None
    """The number of records that the system reported as erased."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            request_id=value["requestId"],
            subject_id=value["subjectId"],
            system=value["system"],
            state=StepState(value["state"]),
            attempts=value["attempts"],
            next_attempt_at=None if value["nextAttemptAt"] is None else datetime_of(value["nextAttemptAt"]),
            completed_at=None if value["completedAt"] is None else datetime_of(value["completedAt"]),
            records_erased=value["recordsErased"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportStep:
    """The part of an export that one internal system hands in, as JSON, to POST /exports/{id}."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    request_id: str
    """The id of the request that it belongs to."""
    subject_id: str
    """The person concerned."""
    kind: RequestKind
    """ACCESS: all that the system holds. PORTABILITY: only what the person gave."""
    system: str
    """The internal system."""
    state: StepState
    """The state of the step."""
    attempts: int
    """The number of webhook deliveries that were attempted."""
    due_at: datetime
    """When the part is due. What is missing then is named in the export."""
    completed_at: datetime | None
    """When the part was handed in."""
    size_bytes: int | None
    """The size of the part."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            request_id=value["requestId"],
            subject_id=value["subjectId"],
            kind=RequestKind(value["kind"]),
            system=value["system"],
            state=StepState(value["state"]),
            attempts=value["attempts"],
            due_at=datetime_of(value["dueAt"]),
            completed_at=None if value["completedAt"] is None else datetime_of(value["completedAt"]),
            size_bytes=value["sizeBytes"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGrant:
    """Break-glass access: one actor may read the file names of one person, for one case and a limited time."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    subject_id: str
    """The person whose file names it opens."""
    actor: str
    """The actor who asked for it, and the only one who can use it."""
    case: str
    """The case that it was asked for."""
    minutes: int
    """Its duration in minutes, counted from the approval."""
    state: GrantState
    """Its current state."""
    asked_at: datetime
    """When it was asked for. Without an approval it expires after 24 hours."""
    expires_at: datetime | None
    """When it expires; null until it is approved."""
    approved_by: str | None
    """The actor who approved it, never the one who asked."""
    ended_at: datetime | None
    """When it was ended by hand; null while it was not."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            subject_id=value["subjectId"],
            actor=value["actor"],
            case=value["case"],
            minutes=value["minutes"],
            state=GrantState(value["state"]),
            asked_at=datetime_of(value["askedAt"]),
            expires_at=None if value["expiresAt"] is None else datetime_of(value["expiresAt"]),
            approved_by=value["approvedBy"],
            ended_at=None if value["endedAt"] is None else datetime_of(value["endedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChange:
    """A change of what a person allows."""

    at: datetime
    """The time from which it holds."""
    subject_id: str
    """The person concerned."""
    kind: ConsentChangeKind
    """What changed."""
    purpose: str | None
    """The purpose of a choice; null for the other kinds."""
    state: ConsentState | None
    """The choice; null for the other kinds."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            at=datetime_of(value["at"]),
            subject_id=value["subjectId"],
            kind=ConsentChangeKind(value["kind"]),
            purpose=value["purpose"],
            state=None if value["state"] is None else ConsentState(value["state"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token of a service, a person or a script."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    name: str
    """The name of the token's owner. No other valid token has it."""
    system: str | None
    """The internal system that it belongs to: it takes this system's steps."""
    is_approved: bool
    """Whether it works. One with a role of people waits for `approveToken`."""
    roles: tuple[Role, ...]
    """The roles that it may act in; the first is the default."""
    issued_at: datetime
    """When it was issued."""
    expires_at: datetime | None
    """When it expires."""
    last_used_at: datetime | None
    """When it was last used, to the minute."""
    revoked_at: datetime | None
    """When it was revoked; null while it is not."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            name=value["name"],
            system=value["system"],
            is_approved=value["isApproved"],
            roles=tuple(Role(row) for row in value["roles"]),
            issued_at=datetime_of(value["issuedAt"]),
            expires_at=None if value["expiresAt"] is None else datetime_of(value["expiresAt"]),
            last_used_at=None if value["lastUsedAt"] is None else datetime_of(value["lastUsedAt"]),
            revoked_at=None if value["revokedAt"] is None else datetime_of(value["revokedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A recipient of personal data: what it may get, for which purposes, and under which contract."""

    key: str
    """The name in programs, such as `card-processor`."""
    name: str
    """The name of the company or authority."""
    kind: RecipientKind
    """Its role in the processing."""
    function: str
    """What it does."""
    categories: tuple[DataCategory, ...]
    """The categories of data that it may get."""
    purposes: tuple[str, ...]
    """The purposes that it may get data for."""
    country: str
    """Its country, as an ISO 3166-1 alpha-2 code."""
    safeguard: TransferSafeguard | None
    """What makes transfers to it lawful, where that is needed."""
    is_direct_marketing: bool
    """Whether it gets data for its own direct marketing."""
    address: str | None
    """Its postal address."""
    contract_reference: str
    """The reference of its contract."""
    contract_ends_on: date | None
    """The last day of its contract; null when it has no end."""
    ended_at: datetime | None
    """When it was ended; null while it is not."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            key=value["key"],
            name=value["name"],
            kind=RecipientKind(value["kind"]),
            function=value["function"],
            categories=tuple(DataCategory(row) for row in value["categories"]),
            purposes=tuple(value["purposes"]),
            country=value["country"],
            safeguard=None if value["safeguard"] is None else TransferSafeguard(value["safeguard"]),
            is_direct_marketing=value["isDirectMarketing"],
            address=value["address"],
            contract_reference=value["contractReference"],
            contract_ends_on=None if value["contractEndsOn"] is None else date_of(value["contractEndsOn"]),
            ended_at=None if value["endedAt"] is None else datetime_of(value["endedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureDecision:
    """The answer to whether categories of a person's data may go to a recipient for a purpose now."""

    allowed: bool
    """Whether it is permitted."""
    reason: DisclosureReason
    """The reason for the answer."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            allowed=value["allowed"],
            reason=DisclosureReason(value["reason"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup of Customer Data that an internal system keeps."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    system: str
    """The internal system."""
    label: str
    """The system's own reference of the backup."""
    made_at: datetime
    """When the backup was made."""
    destroy_by: datetime
    """When it must be destroyed: within six months after it was made."""
    destroyed_at: datetime | None
    """When it was destroyed; null while it is kept."""
    is_overdue: bool
    """Whether it is kept although it had to be destroyed."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            system=value["system"],
            label=value["label"],
            made_at=datetime_of(value["madeAt"]),
            destroy_by=datetime_of(value["destroyBy"]),
            destroyed_at=None if value["destroyedAt"] is None else datetime_of(value["destroyedAt"]),
            is_overdue=value["isOverdue"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A version of the privacy policy."""

    version: str
    """Its name, such as `2018-05-24`."""
    effective_on: date
    """The first day on which choices carry this version, in UTC."""
    url: str
    """Where its text is."""
    must_ask_again: tuple[str, ...]
    """The purposes for which grants under older versions count no more, from the first day on."""
    published_at: datetime
    """When it was published."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            version=value["version"],
            effective_on=date_of(value["effectiveOn"]),
            url=value["url"],
            must_ask_again=tuple(value["mustAskAgain"]),
            published_at=datetime_of(value["publishedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedDisclosure:
    """A disclosure that law or an emergency forced. Each person affected gets a letter."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    ground: ForcedGround
    """Why the data had to be disclosed."""
    authority: str
    """The authority or party that got the data."""
    reference: str
    """The reference of the order or the case."""
    categories: tuple[DataCategory, ...]
    """The categories of data."""
    disclosed_at: datetime
    """When the data was disclosed."""
    affected_count: int
    """The number of people affected, those who are erased included."""
    notice_delayed_until: datetime | None
    """When a lawful delay of the letters ends."""
    delay_ground: str | None
    """Why the law permits the delay."""
    is_notice_overdue: bool
    """Whether the delay has ended and letters are not sent yet."""
    notices_sent: int
    """Letters that were sent."""
    notices_pending: int
    """Letters that are not sent yet. Erased people get none."""
    notices_failed: int
    """Letters that could not be sent, and people without an address."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            ground=ForcedGround(value["ground"]),
            authority=value["authority"],
            reference=value["reference"],
            categories=tuple(DataCategory(row) for row in value["categories"]),
            disclosed_at=datetime_of(value["disclosedAt"]),
            affected_count=value["affectedCount"],
            notice_delayed_until=None
            if value["noticeDelayedUntil"] is None
            else datetime_of(value["noticeDelayedUntil"]),
            delay_ground=value["delayGround"],
            is_notice_overdue=value["isNoticeOverdue"],
            notices_sent=value["noticesSent"],
            notices_pending=value["noticesPending"],
            notices_failed=value["noticesFailed"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A personal data breach (Art. 4(12) GDPR)."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    kind: IncidentKind
    """What happened."""
    state: IncidentState
    """Whether it is closed."""
    aware_at: datetime
    """When the company became aware of it."""
    authority_due_at: datetime
    """When the notice to the supervisory authority is due: 72 hours after `awareAt` (Art. 33 GDPR)."""
    is_overdue: bool
    """Whether it is open, and the authority is not notified in time."""
    authority_noticed_at: datetime | None
    """When the authority was notified."""
    categories: tuple[DataCategory, ...]
    """The categories of data."""
    affected_count: int
    """The number of people affected."""
    notices_sent: int
    """Letters that were sent."""
    notices_pending: int
    """Letters that are not sent yet, once `notifyAffected` asked for them."""
    notices_failed: int
    """Letters that could not be sent, and people without an address."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            kind=IncidentKind(value["kind"]),
            state=IncidentState(value["state"]),
            aware_at=datetime_of(value["awareAt"]),
            authority_due_at=datetime_of(value["authorityDueAt"]),
            is_overdue=value["isOverdue"],
            authority_noticed_at=None
            if value["authorityNoticedAt"] is None
            else datetime_of(value["authorityNoticedAt"]),
            categories=tuple(DataCategory(row) for row in value["categories"]),
            affected_count=value["affectedCount"],
            notices_sent=value["noticesSent"],
            notices_pending=value["noticesPending"],
            notices_failed=value["noticesFailed"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long data of one category is kept."""

    category: DataCategory
    """The category of data."""
    days: int | None
    """The days after which it is removed; null when it is kept until an erasure or by a term of law."""
    reason: str | None
    """Why it is kept for that long."""
    last_run_at: datetime | None
    """When the rule was last carried out."""
    last_run_removed: int
    """The number of records that the last run removed."""
    would_remove: int
    """The number of records that a run would remove: counted when the rule was set, and after each run."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            category=DataCategory(value["category"]),
            days=value["days"],
            reason=value["reason"],
            last_run_at=None if value["lastRunAt"] is None else datetime_of(value["lastRunAt"]),
            last_run_removed=value["lastRunRemoved"],
            would_remove=value["wouldRemove"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCounts:
    """Storage of sync accounts, with two significant digits; null when they are of fewer than 20 people, or when more than half are of one person."""

    accounts: int | None
    """The number of accounts."""
    total_bytes: int | None
    """The bytes of all accounts; null, too, when more than half of them are one person's."""
    median_bytes: int | None
    """The bytes of the median account."""
    p90_bytes: int | None
    """The bytes that nine of ten accounts do not exceed."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            accounts=value["accounts"],
            total_bytes=value["totalBytes"],
            median_bytes=value["medianBytes"],
            p90_bytes=value["p90Bytes"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counts of people, computed once a day. Groups under 20 are null, other counts are rounded to 5, and bytes have two significant digits."""

    as_of: datetime
    """When the figures were computed."""
    subjects: int | None
    """The number of people who are registered."""
    storage: StorageCounts
    """The storage of sync accounts."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            as_of=datetime_of(value["asOf"]),
            subjects=value["subjects"],
            storage=StorageCounts.parse(value["storage"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The current choice of a person for one purpose."""

    purpose: Purpose
    """The purpose of the choice."""
    state: ConsentState
    """The choice."""
    effective_at: datetime
    """The time from which the choice holds."""
    lapses_at: datetime | None
    """When a grant lapses."""
    channel: Channel
    """The channel on which the choice was made."""
    policy_version: str
    """The privacy policy that was in force when the person chose."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            purpose=Purpose.parse(value["purpose"]),
            state=ConsentState(value["state"]),
            effective_at=datetime_of(value["effectiveAt"]),
            lapses_at=None if value["lapsesAt"] is None else datetime_of(value["lapsesAt"]),
            channel=Channel(value["channel"]),
            policy_version=value["policyVersion"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectOfCorrectSubject:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    registered_at: datetime
    """When the person was registered."""
    regime: Regime
    """The law whose deadlines apply."""
    consents: tuple[Consent, ...]
    """The person's current choices, one for each purpose."""
    opted_out_of_all_at: datetime | None
    """When the person opted out of everything; null when the person did not."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            registered_at=datetime_of(value["registeredAt"]),
            regime=Regime(value["regime"]),
            consents=tuple(Consent.parse(row) for row in value["consents"]),
            opted_out_of_all_at=None if value["optedOutOfAllAt"] is None else datetime_of(value["optedOutOfAllAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentOfGrantConsent:
    """The current choice of a person for one purpose."""

    purpose: Purpose
    """The purpose of the choice."""
    state: ConsentState
    """The choice."""
    effective_at: datetime
    """The time from which the choice holds."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            purpose=Purpose.parse(value["purpose"]),
            state=ConsentState(value["state"]),
            effective_at=datetime_of(value["effectiveAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """The result of an opt-out."""

    suppressed: bool
    """Whether the address is on the do-not-mail list."""
    purposes: tuple[str, ...]
    """The names of the purposes that are now refused."""
    at: datetime
    """The time from which all of them are refused."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            suppressed=value["suppressed"],
            purposes=tuple(value["purposes"]),
            at=datetime_of(value["at"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFragment:
    """All that is stored of a card: enough to answer a billing question, not enough to charge it."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    stored_at: datetime
    """When the card was first stored."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            stored_at=datetime_of(value["storedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAccount:
    """The metadata of a person's Customer Data on the sync service, never the data itself."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    storage_bytes: int
    """The number of bytes that the person stores."""
    file_count: int
    """The number of files that the person stores."""
    last_synced_at: datetime | None
    """When the account last synced."""
    replaced_name_count: int | None
    """How many file names of the stored list looked like card numbers and have a placeholder; null before the first list."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            storage_bytes=value["storageBytes"],
            file_count=value["fileCount"],
            last_synced_at=None if value["lastSyncedAt"] is None else datetime_of(value["lastSyncedAt"]),
            replaced_name_count=value["replacedNameCount"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsRequestOfRequestErasure:
    """A request in which a person exercises a right under data protection law."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    kind: RequestKind
    """The right that is exercised."""
    state: RequestState
    """The state of the request."""
    received_at: datetime
    """When it was received. The legal deadline counts from here."""
    due_at: datetime
    """The deadline under the law that applies to the person, without an extension."""
    execute_at: datetime | None
    """When the cooling-off period of an erasure ends; null until identity is proved."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            kind=RequestKind(value["kind"]),
            state=RequestState(value["state"]),
            received_at=datetime_of(value["receivedAt"]),
            due_at=datetime_of(value["dueAt"]),
            execute_at=None if value["executeAt"] is None else datetime_of(value["executeAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHeader:
    """A header of a letter."""

    name: str
    """The header's name."""
    value: str
    """The header's value, ready for the letter."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            name=value["name"],
            value=value["value"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLink:
    """The link and the headers that an internal service puts into its own letters for one-click unsubscription."""

    url: str
    """The page on which the person opts out of the purpose. It stays valid for years."""
    headers: tuple[MailHeader, ...]
    """The headers `List-Unsubscribe` and `List-Unsubscribe-Post`."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            url=value["url"],
            headers=tuple(MailHeader.parse(row) for row in value["headers"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new token. The secret is shown only in this answer and is not stored."""

    token: Token
    """The token."""
    secret: str
    """The value to send as `Authorization: Bearer …`."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            token=Token.parse(value["token"]),
            secret=value["secret"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOfReportIncident:
    """A personal data breach (Art. 4(12) GDPR)."""

    id: str
    """Its id. It is never reused, and holds no personal data."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailAddress:
    """An email address of a person."""

    address: str
    """The address."""
    is_primary: bool
    """Whether letters are sent to this address."""
    verified_at: datetime | None
    """When the person proved control of the address."""
    stopped_by: BounceKind | None
    """The kind of bounce since which no mail goes there, until a correction names the address again."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            address=value["address"],
            is_primary=value["isPrimary"],
            verified_at=None if value["verifiedAt"] is None else datetime_of(value["verifiedAt"]),
            stopped_by=None if value["stoppedBy"] is None else BounceKind(value["stoppedBy"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of a person in an internal system."""

    system: str
    """The internal system."""
    reference: str
    """The person's reference in that system."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            system=value["system"],
            reference=value["reference"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectProfile:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    registered_at: datetime
    """When the person was registered."""
    regime: Regime
    """The law whose deadlines apply."""
    display_name: str | None
    """The person's name."""
    country: str | None
    """The person's country, as an ISO 3166-1 alpha-2 code."""
    emails: tuple[EmailAddress, ...]
    """The person's addresses, the primary one first."""
    accounts: tuple[Account, ...]
    """The person's accounts in internal systems."""
    consents: tuple[Consent, ...]
    """The person's current choices, one for each purpose."""
    opted_out_of_all_at: datetime | None
    """When the person opted out of everything; null when the person did not."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            registered_at=datetime_of(value["registeredAt"]),
            regime=Regime(value["regime"]),
            display_name=value["displayName"],
            country=value["country"],
            emails=tuple(EmailAddress.parse(row) for row in value["emails"]),
            accounts=tuple(Account.parse(row) for row in value["accounts"]),
            consents=tuple(Consent.parse(row) for row in value["consents"]),
            opted_out_of_all_at=None if value["optedOutOfAllAt"] is None else datetime_of(value["optedOutOfAllAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPaymentFragment:
    """All that is stored of a card: enough to answer a billing question, not enough to charge it."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    reference: str
    """The store's own key for this card: neither its number nor a token that can charge it."""
    last_digits: str
    """The last four digits."""
    expiry_month: int
    """The month in which the card expires, 1 to 12."""
    expiry_year: int
    """The year in which the card expires, four digits."""
    is_expired: bool
    """Whether that month is over."""
    stored_at: datetime
    """When the card was first stored."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            reference=value["reference"],
            last_digits=value["lastDigits"],
            expiry_month=value["expiryMonth"],
            expiry_year=value["expiryYear"],
            is_expired=value["isExpired"],
            stored_at=datetime_of(value["storedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectForBilling:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    display_name: str | None
    """The person's name."""
    emails: tuple[EmailAddress, ...]
    """The person's addresses, the primary one first."""
    payment_fragments: tuple[StoredPaymentFragment, ...]
    """The stored parts of the person's cards."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            display_name=value["displayName"],
            emails=tuple(EmailAddress.parse(row) for row in value["emails"]),
            payment_fragments=tuple(StoredPaymentFragment.parse(row) for row in value["paymentFragments"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFragments:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    payment_fragments: tuple[StoredPaymentFragment, ...]
    """The stored parts of the person's cards."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            payment_fragments=tuple(StoredPaymentFragment.parse(row) for row in value["paymentFragments"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectConsents:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    consents: tuple[Consent, ...]
    """The person's current choices, one for each purpose."""
    opted_out_of_all_at: datetime | None
    """When the person opted out of everything; null when the person did not."""
    decisions: tuple[ConsentDecision, ...]
    """The decision for every purpose at this moment, or at a past time."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            consents=tuple(Consent.parse(row) for row in value["consents"]),
            opted_out_of_all_at=None if value["optedOutOfAllAt"] is None else datetime_of(value["optedOutOfAllAt"]),
            decisions=tuple(ConsentDecision.parse(row) for row in value["decisions"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentReceiptConsentReceipt:
    """A signed receipt of what a person chose for one purpose, with the fields of ISO/IEC TS 27560."""

    issued_at: datetime
    """When it was signed."""
    jws: str
    """A JSON Web Signature (EdDSA) of the choice: purpose, legal basis, policy, controller and time. The key that verifies it is in /.well-known/jwks.json."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            issued_at=datetime_of(value["issuedAt"]),
            jws=value["jws"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentReceipt:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    consent_receipt: ConsentReceiptConsentReceipt | None
    """A signed receipt of the person's choice for one purpose; null without one. Reads are recorded."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            consent_receipt=None
            if value["consentReceipt"] is None
            else ConsentReceiptConsentReceipt.parse(value["consentReceipt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncClient:
    """A program that the person syncs with."""

    app: str
    """The program's name."""
    version: str
    """The program's version."""
    platform: str
    """The platform that it runs on."""
    user_agent: str
    """Its User-Agent header."""
    last_seen_at: datetime
    """When it last synced."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            app=value["app"],
            version=value["version"],
            platform=value["platform"],
            user_agent=value["userAgent"],
            last_seen_at=datetime_of(value["lastSeenAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAccountsSyncAccounts:
    """The metadata of a person's Customer Data on the sync service, never the data itself."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    storage_bytes: int
    """The number of bytes that the person stores."""
    file_count: int
    """The number of files that the person stores."""
    last_synced_at: datetime | None
    """When the account last synced."""
    replaced_name_count: int | None
    """How many file names of the stored list looked like card numbers and have a placeholder; null before the first list."""
    reference: str
    """The sync service's own reference of the account."""
    clients: tuple[SyncClient, ...]
    """The programs that sync with it, the one that synced last first."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            storage_bytes=value["storageBytes"],
            file_count=value["fileCount"],
            last_synced_at=None if value["lastSyncedAt"] is None else datetime_of(value["lastSyncedAt"]),
            replaced_name_count=value["replacedNameCount"],
            reference=value["reference"],
            clients=tuple(SyncClient.parse(row) for row in value["clients"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAccounts:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    sync_accounts: tuple[SyncAccountsSyncAccounts, ...]
    """The metadata of the person's Customer Data."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            sync_accounts=tuple(SyncAccountsSyncAccounts.parse(row) for row in value["syncAccounts"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFile:
    """The metadata of a file, never its contents."""

    name: str
    """The file's name."""
    size_bytes: int
    """The file's size in bytes."""
    modified_at: datetime
    """When the file was last changed."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            name=value["name"],
            size_bytes=value["sizeBytes"],
            modified_at=datetime_of(value["modifiedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNamesSyncAccounts:
    """The metadata of a person's Customer Data on the sync service, never the data itself."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    storage_bytes: int
    """The number of bytes that the person stores."""
    file_count: int
    """The number of files that the person stores."""
    last_synced_at: datetime | None
    """When the account last synced."""
    replaced_name_count: int | None
    """How many file names of the stored list looked like card numbers and have a placeholder; null before the first list."""
    files: Page[SyncFile] | None
    """Its files, readable only under an open access grant."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            storage_bytes=value["storageBytes"],
            file_count=value["fileCount"],
            last_synced_at=None if value["lastSyncedAt"] is None else datetime_of(value["lastSyncedAt"]),
            replaced_name_count=value["replacedNameCount"],
            files=None if value["files"] is None else page_of(value["files"], SyncFile.parse),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNames:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    sync_accounts: tuple[FileNamesSyncAccounts, ...]
    """The metadata of the person's Customer Data."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            sync_accounts=tuple(FileNamesSyncAccounts.parse(row) for row in value["syncAccounts"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One entry of the append-only consent ledger."""

    at: datetime
    """The time from which the choice holds."""
    purpose: Purpose
    """The purpose of the choice."""
    state: ConsentState
    """The choice."""
    channel: Channel
    """The channel on which the choice was made."""
    policy_version: str
    """The privacy policy that was in force when the person chose."""
    actor: str
    """The name of the actor who recorded the choice."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            at=datetime_of(value["at"]),
            purpose=Purpose.parse(value["purpose"]),
            state=ConsentState(value["state"]),
            channel=Channel(value["channel"]),
            policy_version=value["policyVersion"],
            actor=value["actor"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentHistory:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    consent_history: Page[ConsentEvent]
    """The person's consent ledger, the latest choice first."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            consent_history=page_of(value["consentHistory"], ConsentEvent.parse),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter to a person: its kind and what became of it, never its text."""

    kind: str
    """The kind of the letter, such as `erasure_done`."""
    state: LetterState
    """What became of it."""
    posted_at: datetime
    """When it was queued."""
    sent_at: datetime | None
    """When a mail server accepted it."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            kind=value["kind"],
            state=LetterState(value["state"]),
            posted_at=datetime_of(value["postedAt"]),
            sent_at=None if value["sentAt"] is None else datetime_of(value["sentAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    letters: Page[Letter]
    """What was written to the person and what became of it, the newest letter first; never the text."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            letters=page_of(value["letters"], Letter.parse),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectAccessEvents:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    access_events: Page[AccessEvent]
    """The audit log of this person, the newest entry first."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            access_events=page_of(value["accessEvents"], AccessEvent.parse),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosuresDisclosures:
    """Data of a person that went to a recipient."""

    at: datetime
    """When the data went to the recipient."""
    recipient: Recipient
    """The recipient, with its current terms."""
    categories: tuple[DataCategory, ...]
    """The categories of data."""
    purpose: str
    """The purpose's name."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            at=datetime_of(value["at"]),
            recipient=Recipient.parse(value["recipient"]),
            categories=tuple(DataCategory(row) for row in value["categories"]),
            purpose=value["purpose"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosures:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    disclosures: Page[DisclosuresDisclosures]
    """What was disclosed about the person to recipients, the latest first."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            disclosures=page_of(value["disclosures"], DisclosuresDisclosures.parse),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaliforniaReportCaliforniaReportLines:
    """A recipient that got data for its direct marketing."""

    recipient_name: str
    """The recipient's name."""
    recipient_address: str
    """The recipient's postal address."""
    categories: tuple[DataCategory, ...]
    """The categories of data that it got."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            recipient_name=value["recipientName"],
            recipient_address=value["recipientAddress"],
            categories=tuple(DataCategory(row) for row in value["categories"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaliforniaReportCaliforniaReport:
    """What was disclosed to third parties for their direct marketing in a calendar year."""

    year: int
    """The calendar year, in UTC."""
    is_none: bool
    """Whether nothing was disclosed."""
    lines: tuple[CaliforniaReportCaliforniaReportLines, ...]
    """The recipients, ordered by name."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            year=value["year"],
            is_none=value["isNone"],
            lines=tuple(CaliforniaReportCaliforniaReportLines.parse(row) for row in value["lines"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaliforniaReport:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    california_report: CaliforniaReportCaliforniaReport
    """What was disclosed to third parties for their direct marketing in a calendar year (Cal. Civ. Code 1798.83). An empty report is an answer, too."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            california_report=CaliforniaReportCaliforniaReport.parse(value["californiaReport"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsOfSubject:
    """A data subject: a person whom the privacy policy protects."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    status: SubjectStatus
    """The status of the person."""
    rights_requests: tuple[RightsRequest, ...]
    """The person's rights requests, the newest first."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            status=SubjectStatus(value["status"]),
            rights_requests=tuple(RightsRequest.parse(row) for row in value["rightsRequests"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSteps:
    """A request in which a person exercises a right under data protection law."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    kind: RequestKind
    """The right that is exercised."""
    state: RequestState
    """The state of the request."""
    subject_id: str
    """The person concerned."""
    channel: Channel
    """The channel on which it was received."""
    case: str | None
    """The case that it was received under."""
    received_at: datetime
    """When it was received. The legal deadline counts from here."""
    due_at: datetime
    """The deadline under the law that applies to the person, without an extension."""
    is_overdue: bool
    """Whether it is still open after its deadline."""
    execute_at: datetime | None
    """When the cooling-off period of an erasure ends; null until identity is proved."""
    completed_at: datetime | None
    """When all live systems had finished."""
    backups_clear_at: datetime | None
    """When the last backup that still holds the person's records expires. Their values are unreadable before that, because the key is destroyed."""
    identity: IdentityProof
    """How the identity of the person was proved."""
    retained: tuple[RetainedItem, ...]
    """What is kept after the erasure, and why; before the erasure begins, what a legal hold keeps."""
    denial_reason: DenialReason | None
    """The reason for the denial."""
    certificate: ErasureCertificate | None
    """The certificate of a completed erasure."""
    extended_until: datetime | None
    """The deadline after its extension (Art. 12(3) GDPR)."""
    extension_reason: ExtensionReason | None
    """Why the deadline was extended."""
    export: Export | None
    """The export of an ACCESS or PORTABILITY request, once it is planned."""
    steps: tuple[ErasureStep, ...]
    """The steps of internal systems. ADMIN sees those of the system of its token."""
    export_steps: tuple[ExportStep, ...]
    """The parts of internal systems. ADMIN sees those of the system of its token."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            kind=RequestKind(value["kind"]),
            state=RequestState(value["state"]),
            subject_id=value["subjectId"],
            channel=Channel(value["channel"]),
            case=value["case"],
            received_at=datetime_of(value["receivedAt"]),
            due_at=datetime_of(value["dueAt"]),
            is_overdue=value["isOverdue"],
            execute_at=None if value["executeAt"] is None else datetime_of(value["executeAt"]),
            completed_at=None if value["completedAt"] is None else datetime_of(value["completedAt"]),
            backups_clear_at=None if value["backupsClearAt"] is None else datetime_of(value["backupsClearAt"]),
            identity=IdentityProof(value["identity"]),
            retained=tuple(RetainedItem.parse(row) for row in value["retained"]),
            denial_reason=None if value["denialReason"] is None else DenialReason(value["denialReason"]),
            certificate=None if value["certificate"] is None else ErasureCertificate.parse(value["certificate"]),
            extended_until=None if value["extendedUntil"] is None else datetime_of(value["extendedUntil"]),
            extension_reason=None if value["extensionReason"] is None else ExtensionReason(value["extensionReason"]),
            export=None if value["export"] is None else Export.parse(value["export"]),
            steps=tuple(ErasureStep.parse(row) for row in value["steps"]),
            export_steps=tuple(ExportStep.parse(row) for row in value["exportSteps"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingErasureSteps:
    """The part of an erasure that one internal system carries out."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    request_id: str
    """The id of the request that it belongs to."""
    subject_id: str | None
    """The person to erase."""
    system: str
    """The internal system."""
    state: StepState
    """The state of the step."""
    attempts: int
    """The number of webhook deliveries that were attempted."""
    next_attempt_at: datetime | None
    """When the webhook is sent next."""
    completed_at: datetime | None
    """When the system reported that it was done."""
    records_erased: int | None
    """The number of records that the system reported as erased."""
    references: tuple[str, ...]
    """What that system calls the person, at most 100 references; empty where none is known, and once the step is done."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            request_id=value["requestId"],
            subject_id=value["subjectId"],
            system=value["system"],
            state=StepState(value["state"]),
            attempts=value["attempts"],
            next_attempt_at=None if value["nextAttemptAt"] is None else datetime_of(value["nextAttemptAt"]),
            completed_at=None if value["completedAt"] is None else datetime_of(value["completedAt"]),
            records_erased=value["recordsErased"],
            references=tuple(value["references"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingExportSteps:
    """The part of an export that one internal system hands in, as JSON, to POST /exports/{id}."""

    id: str
    """Its id. It is never reused, and holds no personal data."""
    request_id: str
    """The id of the request that it belongs to."""
    subject_id: str
    """The person concerned."""
    kind: RequestKind
    """ACCESS: all that the system holds. PORTABILITY: only what the person gave."""
    system: str
    """The internal system."""
    state: StepState
    """The state of the step."""
    attempts: int
    """The number of webhook deliveries that were attempted."""
    due_at: datetime
    """When the part is due. What is missing then is named in the export."""
    completed_at: datetime | None
    """When the part was handed in."""
    size_bytes: int | None
    """The size of the part."""
    references: tuple[str, ...]
    """What that system calls the person, at most 100 references; empty where none is known, and once the request has ended."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            id=value["id"],
            request_id=value["requestId"],
            subject_id=value["subjectId"],
            kind=RequestKind(value["kind"]),
            system=value["system"],
            state=StepState(value["state"]),
            attempts=value["attempts"],
            due_at=datetime_of(value["dueAt"]),
            completed_at=None if value["completedAt"] is None else datetime_of(value["completedAt"]),
            size_bytes=value["sizeBytes"],
            references=tuple(value["references"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeStatisticsChoices:
    """Numbers of people by their choice for a purpose; null below 20."""

    granted: int | None
    """People whose grant counts."""
    withdrawn: int | None
    """People who withdrew, for a purpose that needs consent."""
    objected: int | None
    """People who objected, for a purpose of legitimate interests."""
    never_asked: int | None
    """People without a choice."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            granted=value["granted"],
            withdrawn=value["withdrawn"],
            objected=value["objected"],
            never_asked=value["neverAsked"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeStatistics:
    """Counts of people, computed once a day. Groups under 20 are null, other counts are rounded to 5, and bytes have two significant digits."""

    as_of: datetime
    """When the figures were computed."""
    subjects: int | None
    """The number of people who are registered."""
    choices: PurposeStatisticsChoices
    """People by their choice for a purpose."""

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return what the answer of the service states."""
        return cls(
            as_of=datetime_of(value["asOf"]),
            subjects=value["subjects"],
            choices=PurposeStatisticsChoices.parse(value["choices"]),
        )
