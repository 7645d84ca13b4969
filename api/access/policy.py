"""The access policy: the roles of each field, printed in schema.graphql and enforced before an operation runs.

The start fails unless the keys of the table are the fields of the schema.
"""

from collections.abc import Mapping
from typing import Final

from models.actors import STAFF_ROLES, Actor, Role
from models.data_categories import DataCategory
from models.errors import CaseRequired, Forbidden

STORE, SYNC, SERVICE = Role.STORE, Role.SYNC, Role.SERVICE
SUPPORT, BILLING, PRIVACY = Role.SUPPORT, Role.BILLING, Role.PRIVACY
AUDITOR, ANALYST, ADMIN = Role.AUDITOR, Role.ANALYST, Role.ADMIN

Roles = frozenset[Role]
ALL_ROLES: Final = frozenset(Role)
SERVICES: Final = frozenset({STORE, SYNC, SERVICE})
STAFF: Final = frozenset({SUPPORT, BILLING, PRIVACY})
SUPPORT_AND_PRIVACY: Final = frozenset({SUPPORT, PRIVACY})
DECISION_READERS: Final = SERVICES | STAFF | {ADMIN}
CONSENT_WRITERS: Final = SERVICES | {SUPPORT, PRIVACY, ADMIN}
SUBJECT_READERS: Final = SERVICES | STAFF | {AUDITOR, ADMIN}
CONSENT_READERS: Final = SERVICES | SUPPORT_AND_PRIVACY
AUDIT_READERS: Final = frozenset({PRIVACY, AUDITOR})
CARD_READERS: Final = frozenset({STORE, BILLING})
SYNC_READERS: Final = frozenset({SYNC}) | SUPPORT_AND_PRIVACY
GRANT_READERS: Final = frozenset({SUPPORT, PRIVACY, AUDITOR})
TOKEN_READERS: Final = frozenset({PRIVACY, AUDITOR, ADMIN})
REQUEST_READERS: Final = SUPPORT_AND_PRIVACY | {ADMIN}
PLAN_READERS: Final = SUPPORT_AND_PRIVACY | {ADMIN}
STEP_WRITERS: Final = SERVICES | {ADMIN}
RECIPIENT_READERS: Final = SERVICES | {SUPPORT, PRIVACY, AUDITOR, ADMIN}
DISCLOSURE_DECIDERS: Final = SERVICES | {PRIVACY, ADMIN}
STEP_READERS: Final = SERVICES | SUPPORT_AND_PRIVACY | {ADMIN}

ACCESS_POLICY: Final[Mapping[str, Roles]] = {
    "Query.viewer": ALL_ROLES,
    "Query.node": ALL_ROLES,
    "Query.nodes": ALL_ROLES,
    "Query.subject": DECISION_READERS,
    "Query.subjects": frozenset({PRIVACY, ADMIN}),
    "Query.consentDecision": DECISION_READERS,
    "Query.consentDecisions": SERVICES | {ADMIN},
    "Query.purposes": ALL_ROLES,
    "Query.accessEvents": AUDIT_READERS,
    "Query.rightsRequest": REQUEST_READERS,
    "Query.rightsRequests": REQUEST_READERS,
    "Query.erasurePlan": PLAN_READERS,
    "Query.erasureSteps": STEP_WRITERS,
    "Query.accessGrants": GRANT_READERS,
    "Query.consentChanges": SERVICES | {ADMIN},
    "Query.tokens": TOKEN_READERS,
    "Query.recipients": RECIPIENT_READERS,
    "Query.disclosureDecision": DISCLOSURE_DECIDERS,
    "Mutation.registerSubject": SERVICES | {ADMIN},
    "Mutation.correctSubject": SUPPORT_AND_PRIVACY,
    "Mutation.restrictProcessing": frozenset({PRIVACY, ADMIN}),
    "Mutation.liftRestriction": frozenset({PRIVACY, ADMIN}),
    "Mutation.grantConsent": SERVICES | {SUPPORT, ADMIN},
    "Mutation.optOut": CONSENT_WRITERS,
    "Mutation.optOutOfAll": CONSENT_WRITERS,
    "Mutation.storePaymentFragment": frozenset({STORE}),
    "Mutation.removePaymentFragment": CARD_READERS,
    "Mutation.recordSync": frozenset({SYNC}),
    "Mutation.openAccessGrant": SUPPORT_AND_PRIVACY,
    "Mutation.approveAccessGrant": frozenset({PRIVACY}),
    "Mutation.refuseAccessGrant": frozenset({PRIVACY}),
    "Mutation.endAccessGrant": SUPPORT_AND_PRIVACY,
    "Mutation.requestErasure": CONSENT_WRITERS,
    "Mutation.confirmIdentity": SERVICES | SUPPORT_AND_PRIVACY,
    "Mutation.openRequest": CONSENT_WRITERS,
    "Mutation.extendRequest": frozenset({PRIVACY}),
    "Mutation.completeRequest": SUPPORT_AND_PRIVACY,
    "Mutation.cancelRequest": REQUEST_READERS,
    "Mutation.cancelErasure": REQUEST_READERS,
    "Mutation.denyRequest": frozenset({PRIVACY}),
    "Mutation.retryErasure": frozenset({PRIVACY, ADMIN}),
    "Mutation.completeErasureStep": STEP_WRITERS,
    "Mutation.failErasureStep": STEP_WRITERS,
    "Mutation.createUnsubscribeLink": frozenset({STORE, SERVICE, ADMIN}),
    "Mutation.recordBounce": frozenset({SERVICE, ADMIN}),
    "Mutation.liftSuppression": frozenset({PRIVACY}),
    "Mutation.issueToken": frozenset({ADMIN}),
    "Mutation.approveToken": frozenset({PRIVACY}),
    "Mutation.revokeToken": frozenset({ADMIN}),
    "Mutation.putRecipient": frozenset({PRIVACY}),
    "Mutation.endRecipient": frozenset({PRIVACY}),
    "Mutation.recordDisclosure": DISCLOSURE_DECIDERS,
    "Viewer.name": ALL_ROLES,
    "Viewer.role": ALL_ROLES,
    "Viewer.roles": ALL_ROLES,
    "Viewer.case": ALL_ROLES,
    "Viewer.permissions": ALL_ROLES,
    "Node.id": ALL_ROLES,
    "Subject.id": SUBJECT_READERS,
    "Subject.status": SUBJECT_READERS,
    "Subject.registeredAt": STAFF | {ADMIN},
    "Subject.emails": STAFF,
    "Subject.displayName": STAFF,
    "Subject.country": SUPPORT_AND_PRIVACY,
    "Subject.regime": SUPPORT_AND_PRIVACY | {ADMIN},
    "Subject.accounts": SUPPORT_AND_PRIVACY,
    "Subject.consents": CONSENT_READERS,
    "Subject.optedOutOfAllAt": CONSENT_READERS,
    "Subject.decisions": CONSENT_READERS,
    "Subject.consentHistory": SUPPORT_AND_PRIVACY,
    "Subject.paymentFragments": CARD_READERS,
    "Subject.syncAccounts": SYNC_READERS,
    "Subject.rightsRequests": REQUEST_READERS,
    "Subject.letters": SUPPORT_AND_PRIVACY,
    "Subject.accessEvents": frozenset({PRIVACY}),
    "Subject.disclosures": frozenset({PRIVACY}),
    "Subject.californiaReport": SUPPORT_AND_PRIVACY,
    "SubjectConnection.edges": frozenset({PRIVACY, ADMIN}),
    "SubjectConnection.pageInfo": frozenset({PRIVACY, ADMIN}),
    "SubjectEdge.node": frozenset({PRIVACY, ADMIN}),
    "SubjectEdge.cursor": frozenset({PRIVACY, ADMIN}),
    "PageInfo.hasNextPage": ALL_ROLES,
    "PageInfo.hasPreviousPage": ALL_ROLES,
    "PageInfo.startCursor": ALL_ROLES,
    "PageInfo.endCursor": ALL_ROLES,
    "EmailAddress.address": STAFF,
    "EmailAddress.isPrimary": STAFF,
    "EmailAddress.verifiedAt": STAFF,
    "EmailAddress.stoppedBy": STAFF,
    "Account.system": SUPPORT_AND_PRIVACY,
    "Account.reference": SUPPORT_AND_PRIVACY,
    "Purpose.key": ALL_ROLES,
    "Purpose.title": ALL_ROLES,
    "Purpose.description": ALL_ROLES,
    "Purpose.legalBasis": ALL_ROLES,
    "Purpose.isMarketing": ALL_ROLES,
    "Purpose.lapsesAfterDays": ALL_ROLES,
    "Consent.purpose": CONSENT_WRITERS,
    "Consent.state": CONSENT_WRITERS,
    "Consent.effectiveAt": CONSENT_WRITERS,
    "Consent.lapsesAt": CONSENT_READERS,
    "Consent.channel": CONSENT_READERS,
    "Consent.policyVersion": CONSENT_READERS,
    "ConsentEventConnection.edges": SUPPORT_AND_PRIVACY,
    "ConsentEventConnection.pageInfo": SUPPORT_AND_PRIVACY,
    "ConsentEventEdge.node": SUPPORT_AND_PRIVACY,
    "ConsentEventEdge.cursor": SUPPORT_AND_PRIVACY,
    "ConsentEvent.at": SUPPORT_AND_PRIVACY,
    "ConsentEvent.purpose": SUPPORT_AND_PRIVACY,
    "ConsentEvent.state": SUPPORT_AND_PRIVACY,
    "ConsentEvent.channel": SUPPORT_AND_PRIVACY,
    "ConsentEvent.policyVersion": SUPPORT_AND_PRIVACY,
    "ConsentEvent.actor": SUPPORT_AND_PRIVACY,
    "ConsentDecision.subjectId": DECISION_READERS,
    "ConsentDecision.purpose": DECISION_READERS,
    "ConsentDecision.allowed": DECISION_READERS,
    "ConsentDecision.reason": DECISION_READERS,
    "ConsentDecision.legalBasis": DECISION_READERS,
    "ConsentDecision.effectiveAt": DECISION_READERS,
    "ConsentDecision.lapsesAt": DECISION_READERS,
    "ConsentChangeConnection.edges": SERVICES | {ADMIN},
    "ConsentChangeConnection.pageInfo": SERVICES | {ADMIN},
    "ConsentChangeEdge.node": SERVICES | {ADMIN},
    "ConsentChangeEdge.cursor": SERVICES | {ADMIN},
    "ConsentChange.at": SERVICES | {ADMIN},
    "ConsentChange.subjectId": SERVICES | {ADMIN},
    "ConsentChange.kind": SERVICES | {ADMIN},
    "ConsentChange.purpose": SERVICES | {ADMIN},
    "ConsentChange.state": SERVICES | {ADMIN},
    "OptOut.subject": CONSENT_WRITERS,
    "OptOut.suppressed": CONSENT_WRITERS,
    "OptOut.purposes": CONSENT_WRITERS,
    "OptOut.at": CONSENT_WRITERS,
    "UnsubscribeLink.url": frozenset({STORE, SERVICE, ADMIN}),
    "UnsubscribeLink.headers": frozenset({STORE, SERVICE, ADMIN}),
    "MailHeader.name": frozenset({STORE, SERVICE, ADMIN}),
    "MailHeader.value": frozenset({STORE, SERVICE, ADMIN}),
    "LetterConnection.edges": SUPPORT_AND_PRIVACY,
    "LetterConnection.pageInfo": SUPPORT_AND_PRIVACY,
    "LetterEdge.node": SUPPORT_AND_PRIVACY,
    "LetterEdge.cursor": SUPPORT_AND_PRIVACY,
    "Letter.kind": SUPPORT_AND_PRIVACY,
    "Letter.state": SUPPORT_AND_PRIVACY,
    "Letter.postedAt": SUPPORT_AND_PRIVACY,
    "Letter.sentAt": SUPPORT_AND_PRIVACY,
    "PaymentFragment.id": CARD_READERS,
    "PaymentFragment.reference": CARD_READERS,
    "PaymentFragment.lastDigits": CARD_READERS,
    "PaymentFragment.expiryMonth": CARD_READERS,
    "PaymentFragment.expiryYear": CARD_READERS,
    "PaymentFragment.isExpired": CARD_READERS,
    "PaymentFragment.storedAt": CARD_READERS,
    "SyncAccount.id": SYNC_READERS,
    "SyncAccount.reference": SYNC_READERS,
    "SyncAccount.storageBytes": SYNC_READERS,
    "SyncAccount.fileCount": SYNC_READERS,
    "SyncAccount.lastSyncedAt": SYNC_READERS,
    "SyncAccount.clients": SYNC_READERS,
    "SyncAccount.files": SUPPORT_AND_PRIVACY,
    "SyncClient.app": SYNC_READERS,
    "SyncClient.version": SYNC_READERS,
    "SyncClient.platform": SYNC_READERS,
    "SyncClient.userAgent": SYNC_READERS,
    "SyncClient.lastSeenAt": SYNC_READERS,
    "SyncFileConnection.edges": SUPPORT_AND_PRIVACY,
    "SyncFileConnection.pageInfo": SUPPORT_AND_PRIVACY,
    "SyncFileEdge.node": SUPPORT_AND_PRIVACY,
    "SyncFileEdge.cursor": SUPPORT_AND_PRIVACY,
    "SyncFile.name": SUPPORT_AND_PRIVACY,
    "SyncFile.sizeBytes": SUPPORT_AND_PRIVACY,
    "SyncFile.modifiedAt": SUPPORT_AND_PRIVACY,
    "RightsRequestConnection.edges": REQUEST_READERS,
    "RightsRequestConnection.pageInfo": REQUEST_READERS,
    "RightsRequestEdge.node": REQUEST_READERS,
    "RightsRequestEdge.cursor": REQUEST_READERS,
    "RightsRequest.id": CONSENT_WRITERS,
    "RightsRequest.kind": CONSENT_WRITERS,
    "RightsRequest.state": CONSENT_WRITERS,
    "RightsRequest.subjectId": REQUEST_READERS,
    "RightsRequest.channel": REQUEST_READERS,
    "RightsRequest.case": REQUEST_READERS,
    "RightsRequest.receivedAt": CONSENT_WRITERS,
    "RightsRequest.dueAt": CONSENT_WRITERS,
    "RightsRequest.isOverdue": REQUEST_READERS,
    "RightsRequest.executeAt": CONSENT_WRITERS,
    "RightsRequest.completedAt": REQUEST_READERS,
    "RightsRequest.backupsClearAt": REQUEST_READERS,
    "RightsRequest.identity": REQUEST_READERS,
    "RightsRequest.steps": REQUEST_READERS,
    "RightsRequest.retained": REQUEST_READERS,
    "RightsRequest.denialReason": REQUEST_READERS,
    "RightsRequest.certificate": REQUEST_READERS,
    "RightsRequest.extendedUntil": REQUEST_READERS,
    "RightsRequest.extensionReason": REQUEST_READERS,
    "RetainedItem.what": REQUEST_READERS,
    "RetainedItem.ground": REQUEST_READERS,
    "RetainedItem.until": REQUEST_READERS,
    "ErasureCertificate.issuedAt": REQUEST_READERS,
    "ErasureCertificate.jws": REQUEST_READERS,
    "ErasureCertificate.replays": REQUEST_READERS,
    "ErasureStepConnection.edges": STEP_WRITERS,
    "ErasureStepConnection.pageInfo": STEP_WRITERS,
    "ErasureStepEdge.node": STEP_WRITERS,
    "ErasureStepEdge.cursor": STEP_WRITERS,
    "ErasureStep.id": STEP_READERS,
    "ErasureStep.requestId": STEP_READERS,
    "ErasureStep.system": STEP_READERS,
    "ErasureStep.subjectId": STEP_READERS,
    "ErasureStep.references": SERVICES,
    "ErasureStep.accountReference": SERVICES,
    "ErasureStep.state": STEP_READERS,
    "ErasureStep.attempts": STEP_READERS,
    "ErasureStep.nextAttemptAt": STEP_READERS,
    "ErasureStep.completedAt": STEP_READERS,
    "ErasureStep.recordsErased": STEP_READERS,
    "ErasureStep.error": SERVICES | SUPPORT_AND_PRIVACY,
    "ErasurePlan.subjectId": PLAN_READERS,
    "ErasurePlan.hash": PLAN_READERS,
    "ErasurePlan.items": PLAN_READERS,
    "ErasurePlan.retained": PLAN_READERS,
    "ErasurePlanItem.system": PLAN_READERS,
    "ErasurePlanItem.what": PLAN_READERS,
    "ErasurePlanItem.records": PLAN_READERS,
    "AccessEventConnection.edges": AUDIT_READERS,
    "AccessEventConnection.pageInfo": AUDIT_READERS,
    "AccessEventEdge.node": AUDIT_READERS,
    "AccessEventEdge.cursor": AUDIT_READERS,
    "AccessEvent.id": AUDIT_READERS,
    "AccessEvent.at": AUDIT_READERS,
    "AccessEvent.actor": AUDIT_READERS,
    "AccessEvent.actorIdentity": AUDIT_READERS,
    "AccessEvent.role": AUDIT_READERS,
    "AccessEvent.case": AUDIT_READERS,
    "AccessEvent.subjectId": AUDIT_READERS,
    "AccessEvent.action": AUDIT_READERS,
    "AccessEvent.fields": AUDIT_READERS,
    "AccessEvent.operation": AUDIT_READERS,
    "AccessEvent.operationHash": AUDIT_READERS,
    "AccessEvent.grantId": AUDIT_READERS,
    "AccessEvent.occurrences": AUDIT_READERS,
    "AccessGrantConnection.edges": GRANT_READERS,
    "AccessGrantConnection.pageInfo": GRANT_READERS,
    "AccessGrantEdge.node": GRANT_READERS,
    "AccessGrantEdge.cursor": GRANT_READERS,
    "AccessGrant.id": GRANT_READERS,
    "AccessGrant.subjectId": GRANT_READERS,
    "AccessGrant.actor": GRANT_READERS,
    "AccessGrant.case": GRANT_READERS,
    "AccessGrant.minutes": GRANT_READERS,
    "AccessGrant.state": GRANT_READERS,
    "AccessGrant.askedAt": GRANT_READERS,
    "AccessGrant.expiresAt": GRANT_READERS,
    "AccessGrant.approvedBy": GRANT_READERS,
    "AccessGrant.endedAt": GRANT_READERS,
    "Token.id": TOKEN_READERS,
    "Token.name": TOKEN_READERS,
    "Token.system": TOKEN_READERS,
    "Token.isApproved": TOKEN_READERS,
    "Token.roles": TOKEN_READERS,
    "Token.issuedAt": TOKEN_READERS,
    "Token.expiresAt": TOKEN_READERS,
    "Token.lastUsedAt": TOKEN_READERS,
    "Token.revokedAt": TOKEN_READERS,
    "IssuedToken.token": frozenset({ADMIN}),
    "IssuedToken.secret": frozenset({ADMIN}),
    "Recipient.key": RECIPIENT_READERS,
    "Recipient.name": RECIPIENT_READERS,
    "Recipient.kind": RECIPIENT_READERS,
    "Recipient.function": RECIPIENT_READERS,
    "Recipient.categories": RECIPIENT_READERS,
    "Recipient.purposes": RECIPIENT_READERS,
    "Recipient.country": RECIPIENT_READERS,
    "Recipient.safeguard": RECIPIENT_READERS,
    "Recipient.isDirectMarketing": RECIPIENT_READERS,
    "Recipient.address": RECIPIENT_READERS,
    "Recipient.contractReference": RECIPIENT_READERS,
    "Recipient.contractEndsOn": RECIPIENT_READERS,
    "Recipient.endedAt": RECIPIENT_READERS,
    "DisclosureDecision.allowed": DISCLOSURE_DECIDERS,
    "DisclosureDecision.reason": DISCLOSURE_DECIDERS,
    "DisclosureConnection.edges": frozenset({PRIVACY}),
    "DisclosureConnection.pageInfo": frozenset({PRIVACY}),
    "DisclosureEdge.node": frozenset({PRIVACY}),
    "DisclosureEdge.cursor": frozenset({PRIVACY}),
    "Disclosure.at": frozenset({PRIVACY}),
    "Disclosure.recipient": frozenset({PRIVACY}),
    "Disclosure.categories": frozenset({PRIVACY}),
    "Disclosure.purpose": frozenset({PRIVACY}),
    "CaliforniaReport.year": SUPPORT_AND_PRIVACY,
    "CaliforniaReport.isNone": SUPPORT_AND_PRIVACY,
    "CaliforniaReport.lines": SUPPORT_AND_PRIVACY,
    "CaliforniaReportLine.recipientName": SUPPORT_AND_PRIVACY,
    "CaliforniaReportLine.recipientAddress": SUPPORT_AND_PRIVACY,
    "CaliforniaReportLine.categories": SUPPORT_AND_PRIVACY,
}

PERSONAL_CATEGORIES: Final[Mapping[str, DataCategory]] = {
    "Subject.emails": DataCategory.CONTACT,
    "Subject.displayName": DataCategory.PROFILE,
    "Subject.country": DataCategory.PROFILE,
    "Subject.accounts": DataCategory.ACCOUNTS,
    "EmailAddress.address": DataCategory.CONTACT,
    "EmailAddress.isPrimary": DataCategory.CONTACT,
    "EmailAddress.verifiedAt": DataCategory.CONTACT,
    "EmailAddress.stoppedBy": DataCategory.CONTACT,
    "Account.system": DataCategory.ACCOUNTS,
    "Account.reference": DataCategory.ACCOUNTS,
    "PaymentFragment.reference": DataCategory.PAYMENT_FRAGMENTS,
    "PaymentFragment.lastDigits": DataCategory.PAYMENT_FRAGMENTS,
    "PaymentFragment.expiryMonth": DataCategory.PAYMENT_FRAGMENTS,
    "PaymentFragment.expiryYear": DataCategory.PAYMENT_FRAGMENTS,
    "PaymentFragment.isExpired": DataCategory.PAYMENT_FRAGMENTS,
    "SyncAccount.reference": DataCategory.SYNC_METADATA,
    "SyncAccount.clients": DataCategory.SYNC_METADATA,
    "SyncAccount.files": DataCategory.SYNC_FILE_NAMES,
    "SyncClient.app": DataCategory.SYNC_METADATA,
    "SyncClient.version": DataCategory.SYNC_METADATA,
    "SyncClient.platform": DataCategory.SYNC_METADATA,
    "SyncClient.userAgent": DataCategory.SYNC_METADATA,
    "SyncClient.lastSeenAt": DataCategory.SYNC_METADATA,
    "SyncFile.name": DataCategory.SYNC_FILE_NAMES,
    "SyncFile.sizeBytes": DataCategory.SYNC_FILE_NAMES,
    "SyncFile.modifiedAt": DataCategory.SYNC_FILE_NAMES,
    "ErasureStep.references": DataCategory.REQUESTS,
    "ErasureStep.accountReference": DataCategory.REQUESTS,
    "ErasureStep.error": DataCategory.REQUESTS,
}
"""The category of each field that is personal data."""

PERSONAL: Final = frozenset(PERSONAL_CATEGORIES)
"""The fields that are personal data. A person who reads them must name a case, and the read is recorded."""

QUESTIONS: Final = frozenset(
    {
        "Query.node",
        "Query.nodes",
        "Query.subject",
        "Query.subjects",
        "Query.consentDecision",
        "Query.consentDecisions",
        "Query.rightsRequest",
        "Query.erasurePlan",
        "Query.disclosureDecision",
    }
)
"""The queries about a person. A desk role must name a case for them, whatever they select, and they are recorded."""

RECORDED: Final = PERSONAL | {"Subject.accessEvents"}
"""The fields whose reads are recorded in the audit log."""

GRANT_DECISIONS: Final = frozenset(
    {
        "Mutation.approveAccessGrant",
        "Mutation.refuseAccessGrant",
        "Mutation.approveToken",
        "Mutation.putRecipient",
        "Mutation.endRecipient",
    }
)
"""The mutations of staff that need no case: a grant names its case; tokens and recipients concern no person."""

STAFF_MUTATIONS: Final = (
    frozenset(name for name, roles in ACCESS_POLICY.items() if name.startswith("Mutation.") and roles & STAFF)
    - GRANT_DECISIONS
)
"""The mutations that staff may use only for a case, whatever fields they select of the result."""

NEEDS_CASE: Final = PERSONAL | QUESTIONS | STAFF_MUTATIONS
"""The fields that staff may use only for a case."""


def permissions_of(role: Role) -> frozenset[str]:
    """Return the coordinates of the fields that the role may use."""
    return frozenset(coordinate for coordinate, roles in ACCESS_POLICY.items() if role in roles)


def visible_types(role: Role) -> frozenset[str]:
    """Return the types of which the role may read at least one field."""
    return frozenset(coordinate.partition(".")[0] for coordinate in permissions_of(role))


def check_access(actor: Actor, coordinates: frozenset[str]) -> None:
    """Raise FORBIDDEN for fields that the role may not use, CASE_REQUIRED for a desk role without a case.

    The refusal lists the fields, and the operation is refused as a whole.
    """
    refused = sorted(coordinate for coordinate in coordinates if actor.role not in ACCESS_POLICY[coordinate])
    if refused:
        raise Forbidden(
            access=[
                {"field": coordinate, "roles": [role for role in Role if role in ACCESS_POLICY[coordinate]]}
                for coordinate in refused
            ]
        )
    if actor.case is None and actor.role in STAFF_ROLES and not coordinates.isdisjoint(NEEDS_CASE):
        raise CaseRequired(access=[{"field": coordinate} for coordinate in sorted(coordinates & NEEDS_CASE)])
