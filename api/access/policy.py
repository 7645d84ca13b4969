"""Who needs to know: one line a field, printed in schema.graphql, enforced before anything runs.

Start-up demands that the keys below equal the fields of the schema: a field that nobody marked does not exist.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import strawberry
from strawberry.schema_directive import Location

from models.actors import STAFF_ROLES, Actor, Role
from models.errors import CaseRequired, Forbidden

STORE, SYNC, SERVICE = Role.STORE, Role.SYNC, Role.SERVICE
SUPPORT, BILLING, PRIVACY = Role.SUPPORT, Role.BILLING, Role.PRIVACY
AUDITOR, ANALYST, ADMIN = Role.AUDITOR, Role.ANALYST, Role.ADMIN

Roles = frozenset[Role]
EVERYBODY: Final = frozenset(Role)
SERVICES: Final = frozenset({STORE, SYNC, SERVICE})
STAFF: Final = frozenset({SUPPORT, BILLING, PRIVACY})
SUPPORT_AND_PRIVACY: Final = frozenset({SUPPORT, PRIVACY})
DECIDERS: Final = SERVICES | STAFF | {ADMIN}
CONSENT_WRITERS: Final = SERVICES | {SUPPORT, PRIVACY, ADMIN}
SUBJECT_READERS: Final = SERVICES | STAFF | {AUDITOR, ADMIN}
CONSENT_READERS: Final = SERVICES | SUPPORT_AND_PRIVACY
AUDIT_READERS: Final = frozenset({PRIVACY, AUDITOR})
CARD_READERS: Final = frozenset({STORE, BILLING})
SYNC_READERS: Final = frozenset({SYNC}) | SUPPORT_AND_PRIVACY
GRANT_READERS: Final = frozenset({SUPPORT, PRIVACY, AUDITOR})
TOKEN_READERS: Final = frozenset({AUDITOR, ADMIN})
REQUEST_READERS: Final = SUPPORT_AND_PRIVACY | {ADMIN}
PLANNERS: Final = frozenset({PRIVACY, ADMIN})
STEP_TAKERS: Final = SERVICES | {ADMIN}
STEP_READERS: Final = SERVICES | SUPPORT_AND_PRIVACY | {ADMIN}

ACCESS_POLICY: Final[Mapping[str, Roles]] = {
    "Query.viewer": EVERYBODY,
    "Query.node": EVERYBODY,
    "Query.subject": DECIDERS,
    "Query.subjects": frozenset({PRIVACY, ADMIN}),
    "Query.consentDecision": DECIDERS,
    "Query.consentDecisions": SERVICES | {ADMIN},
    "Query.purposes": EVERYBODY,
    "Query.accessEvents": AUDIT_READERS,
    "Query.rightsRequest": REQUEST_READERS,
    "Query.rightsRequests": REQUEST_READERS,
    "Query.erasurePlan": PLANNERS,
    "Query.erasureSteps": STEP_TAKERS,
    "Query.tokens": TOKEN_READERS,
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
    "Mutation.openAccessGrant": frozenset({SUPPORT}),
    "Mutation.approveAccessGrant": frozenset({PRIVACY}),
    "Mutation.refuseAccessGrant": frozenset({PRIVACY}),
    "Mutation.requestErasure": CONSENT_WRITERS,
    "Mutation.confirmIdentity": SERVICES | SUPPORT_AND_PRIVACY,
    "Mutation.cancelErasure": REQUEST_READERS,
    "Mutation.denyRequest": frozenset({PRIVACY}),
    "Mutation.retryErasure": PLANNERS,
    "Mutation.completeErasureStep": STEP_TAKERS,
    "Mutation.failErasureStep": STEP_TAKERS,
    "Mutation.unsubscribeLink": frozenset({STORE, SERVICE, ADMIN}),
    "Mutation.recordBounce": frozenset({SERVICE, ADMIN}),
    "Mutation.issueToken": frozenset({ADMIN}),
    "Mutation.revokeToken": frozenset({ADMIN}),
    "Viewer.name": EVERYBODY,
    "Viewer.role": EVERYBODY,
    "Viewer.roles": EVERYBODY,
    "Viewer.case": EVERYBODY,
    "Node.id": EVERYBODY,
    "Subject.id": SUBJECT_READERS,
    "Subject.status": SUBJECT_READERS,
    "Subject.registeredAt": STAFF | {ADMIN},
    "Subject.emails": STAFF,
    "Subject.displayName": STAFF,
    "Subject.country": SUPPORT_AND_PRIVACY,
    "Subject.regime": SUPPORT_AND_PRIVACY | {ADMIN},
    "Subject.accounts": SUPPORT_AND_PRIVACY,
    "Subject.consents": CONSENT_READERS,
    "Subject.consentHistory": SUPPORT_AND_PRIVACY,
    "Subject.paymentFragments": CARD_READERS,
    "Subject.syncAccounts": SYNC_READERS,
    "Subject.rightsRequests": REQUEST_READERS,
    "Subject.accessEvents": frozenset({PRIVACY}),
    "SubjectConnection.edges": frozenset({PRIVACY, ADMIN}),
    "SubjectConnection.pageInfo": frozenset({PRIVACY, ADMIN}),
    "SubjectEdge.node": frozenset({PRIVACY, ADMIN}),
    "SubjectEdge.cursor": frozenset({PRIVACY, ADMIN}),
    "PageInfo.hasNextPage": EVERYBODY,
    "PageInfo.hasPreviousPage": EVERYBODY,
    "PageInfo.startCursor": EVERYBODY,
    "PageInfo.endCursor": EVERYBODY,
    "EmailAddress.address": STAFF,
    "EmailAddress.isPrimary": STAFF,
    "EmailAddress.verifiedAt": STAFF,
    "Account.system": SUPPORT_AND_PRIVACY,
    "Account.reference": SUPPORT_AND_PRIVACY,
    "Purpose.key": EVERYBODY,
    "Purpose.title": EVERYBODY,
    "Purpose.description": EVERYBODY,
    "Purpose.legalBasis": EVERYBODY,
    "Purpose.isMarketing": EVERYBODY,
    "Purpose.lapsesAfterDays": EVERYBODY,
    "Consent.purpose": CONSENT_READERS,
    "Consent.state": CONSENT_READERS,
    "Consent.effectiveAt": CONSENT_READERS,
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
    "ConsentDecision.subjectId": DECIDERS,
    "ConsentDecision.purpose": DECIDERS,
    "ConsentDecision.allowed": DECIDERS,
    "ConsentDecision.reason": DECIDERS,
    "ConsentDecision.legalBasis": DECIDERS,
    "ConsentDecision.effectiveAt": DECIDERS,
    "OptOut.subject": CONSENT_WRITERS,
    "OptOut.suppressed": CONSENT_WRITERS,
    "OptOut.purposes": CONSENT_WRITERS,
    "OptOut.at": CONSENT_WRITERS,
    "UnsubscribeLink.url": frozenset({STORE, SERVICE, ADMIN}),
    "UnsubscribeLink.headers": frozenset({STORE, SERVICE, ADMIN}),
    "MailHeader.name": frozenset({STORE, SERVICE, ADMIN}),
    "MailHeader.value": frozenset({STORE, SERVICE, ADMIN}),
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
    "RightsRequest.id": REQUEST_READERS,
    "RightsRequest.kind": REQUEST_READERS,
    "RightsRequest.state": REQUEST_READERS,
    "RightsRequest.subjectId": REQUEST_READERS,
    "RightsRequest.channel": REQUEST_READERS,
    "RightsRequest.case": REQUEST_READERS,
    "RightsRequest.receivedAt": REQUEST_READERS,
    "RightsRequest.dueAt": REQUEST_READERS,
    "RightsRequest.isOverdue": REQUEST_READERS,
    "RightsRequest.executeAt": REQUEST_READERS,
    "RightsRequest.completedAt": REQUEST_READERS,
    "RightsRequest.backupsClearAt": REQUEST_READERS,
    "RightsRequest.identity": REQUEST_READERS,
    "RightsRequest.steps": REQUEST_READERS,
    "RightsRequest.retained": REQUEST_READERS,
    "RightsRequest.denialReason": REQUEST_READERS,
    "RightsRequest.certificate": REQUEST_READERS,
    "RetainedItem.what": REQUEST_READERS,
    "RetainedItem.ground": REQUEST_READERS,
    "RetainedItem.until": REQUEST_READERS,
    "ErasureCertificate.issuedAt": REQUEST_READERS,
    "ErasureCertificate.jws": REQUEST_READERS,
    "ErasureStepConnection.edges": STEP_TAKERS,
    "ErasureStepConnection.pageInfo": STEP_TAKERS,
    "ErasureStepEdge.node": STEP_TAKERS,
    "ErasureStepEdge.cursor": STEP_TAKERS,
    "ErasureStep.id": STEP_READERS,
    "ErasureStep.requestId": STEP_READERS,
    "ErasureStep.system": STEP_READERS,
    "ErasureStep.accountReference": STEP_READERS,
    "ErasureStep.state": STEP_READERS,
    "ErasureStep.attempts": STEP_READERS,
    "ErasureStep.nextAttemptAt": STEP_READERS,
    "ErasureStep.completedAt": STEP_READERS,
    "ErasureStep.recordsErased": STEP_READERS,
    "ErasureStep.error": STEP_READERS,
    "ErasurePlan.subjectId": PLANNERS,
    "ErasurePlan.hash": PLANNERS,
    "ErasurePlan.items": PLANNERS,
    "ErasurePlan.retained": PLANNERS,
    "ErasurePlanItem.system": PLANNERS,
    "ErasurePlanItem.what": PLANNERS,
    "ErasurePlanItem.records": PLANNERS,
    "AccessEventConnection.edges": AUDIT_READERS,
    "AccessEventConnection.pageInfo": AUDIT_READERS,
    "AccessEventEdge.node": AUDIT_READERS,
    "AccessEventEdge.cursor": AUDIT_READERS,
    "AccessEvent.id": AUDIT_READERS,
    "AccessEvent.at": AUDIT_READERS,
    "AccessEvent.actor": AUDIT_READERS,
    "AccessEvent.role": AUDIT_READERS,
    "AccessEvent.case": AUDIT_READERS,
    "AccessEvent.subjectId": AUDIT_READERS,
    "AccessEvent.action": AUDIT_READERS,
    "AccessEvent.fields": AUDIT_READERS,
    "AccessEvent.operation": AUDIT_READERS,
    "AccessEvent.operationHash": AUDIT_READERS,
    "AccessEvent.grantId": AUDIT_READERS,
    "AccessGrant.id": GRANT_READERS,
    "AccessGrant.subjectId": GRANT_READERS,
    "AccessGrant.actor": GRANT_READERS,
    "AccessGrant.case": GRANT_READERS,
    "AccessGrant.minutes": GRANT_READERS,
    "AccessGrant.state": GRANT_READERS,
    "AccessGrant.askedAt": GRANT_READERS,
    "AccessGrant.expiresAt": GRANT_READERS,
    "AccessGrant.approvedBy": GRANT_READERS,
    "Token.id": TOKEN_READERS,
    "Token.name": TOKEN_READERS,
    "Token.roles": TOKEN_READERS,
    "Token.issuedAt": TOKEN_READERS,
    "Token.expiresAt": TOKEN_READERS,
    "Token.lastUsedAt": TOKEN_READERS,
    "Token.revokedAt": TOKEN_READERS,
    "IssuedToken.token": frozenset({ADMIN}),
    "IssuedToken.secret": frozenset({ADMIN}),
}

PERSONAL: Final = frozenset(
    {
        "Subject.emails",
        "Subject.displayName",
        "Subject.country",
        "Subject.accounts",
        "EmailAddress.address",
        "EmailAddress.isPrimary",
        "EmailAddress.verifiedAt",
        "Account.system",
        "Account.reference",
        "PaymentFragment.lastDigits",
        "PaymentFragment.expiryMonth",
        "PaymentFragment.expiryYear",
        "SyncAccount.clients",
        "SyncAccount.files",
        "SyncClient.app",
        "SyncClient.version",
        "SyncClient.platform",
        "SyncClient.userAgent",
        "SyncClient.lastSeenAt",
        "SyncFile.name",
        "SyncFile.sizeBytes",
        "SyncFile.modifiedAt",
    }
)
"""The fields that are personal data: people who read them must name their case, and the reading is recorded."""

RECORDED: Final = PERSONAL | {"Subject.accessEvents"}
"""The fields of which each reading by a person is recorded."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="needToKnow",
    description="Who needs to know. An operation with a field that the caller's role does not need is refused whole.",
)
class NeedToKnow:
    roles: list[Role] = strawberry.directive_field(name="roles")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="personal",
    description="The field is personal data: people who read it must name their case, and the reading is recorded.",
)
class Personal:
    pass


def visible_types(role: Role) -> frozenset[str]:
    """Give the types of which a role may see anything."""
    return frozenset(coordinate.partition(".")[0] for coordinate, roles in ACCESS_POLICY.items() if role in roles)


def directives_for(coordinate: str) -> Iterator[object]:
    """Give the directives of a field, as the printed schema shows them."""
    yield NeedToKnow(roles=[role for role in Role if role in ACCESS_POLICY[coordinate]])
    if coordinate in PERSONAL:
        yield Personal()


def check_access(actor: Actor, coordinates: frozenset[str]) -> None:
    """Refuse an operation whole when it names a field that the role does not need, or personal data without a case."""
    refused = sorted(coordinate for coordinate in coordinates if actor.role not in ACCESS_POLICY[coordinate])
    if refused:
        raise Forbidden(
            access=[
                {"field": coordinate, "roles": [role for role in Role if role in ACCESS_POLICY[coordinate]]}
                for coordinate in refused
            ]
        )
    if actor.case is None and actor.role in STAFF_ROLES and not coordinates.isdisjoint(PERSONAL):
        raise CaseRequired(access=[{"field": coordinate} for coordinate in sorted(coordinates & PERSONAL)])
