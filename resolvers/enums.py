"""The enums of the schema, with a description of each value."""

from enum import EnumMeta
from typing import Any

import strawberry

from models.access.access_grants import GrantState
from models.actors import Role
from models.audit.events import AccessAction
from models.consent.changes import ConsentChangeKind, FeedStart
from models.consent.decisions import DecisionReason
from models.consent.ledger import Channel, ConsentState
from models.consent.purposes import LegalBasis
from models.delivery.bounces import BounceKind
from models.erasure.steps import StepState
from models.outbox.letter_states import LetterState
from models.requests.searching import RequestOrder
from models.requests.states import RequestKind, RequestState
from models.requests.vocabulary import DenialReason, ErasureReason, ExtensionReason, IdentityCheck, IdentityProof
from models.subjects.subjects import Regime, SubjectStatus


def describe(enum: EnumMeta, description: str, **values: str) -> None:
    """Declare an enum of the models as one of the schema. A value without a description fails at start-up."""
    described: Any = strawberry.enum(enum, description=description)
    for value in described.__strawberry_definition__.values:
        value.description = values.pop(value.name)
    if values:
        raise ValueError(enum.__name__, values)


describe(
    Role,
    "The role of a caller. A caller acts in exactly one role at a time.",
    STORE="The store service, which sells, charges and refunds.",
    SYNC="The sync service, which stores Customer Data.",
    SERVICE="Any other internal service that must ask before it processes, such as newsletter, forums or statistics.",
    SUPPORT="A support agent with an open case.",
    BILLING="A billing agent with an open case.",
    PRIVACY="The privacy officer.",
    AUDITOR="An auditor, who reads the audit log but no personal data.",
    ANALYST="An analyst, who reads aggregates only.",
    ADMIN="An administrator's script, which acts on people by id, account or address and reads no personal data.",
)
describe(
    SubjectStatus,
    "The status of a person.",
    ACTIVE="The person's own choices decide.",
    RESTRICTED="Processing is restricted (Art. 18 GDPR): every decision is a refusal. The choices are kept.",
    ERASING="The person is being erased.",
    ERASED="The person is erased.",
)
describe(
    Regime,
    "The law whose deadlines apply to a person's requests.",
    GDPR="The European Economic Area: one month.",
    UK_GDPR="The United Kingdom: one month.",
    SWISS_FADP="Switzerland: 30 days.",
    CCPA="The United States, under the California Consumer Privacy Act: 45 calendar days.",
    OTHER="Elsewhere, or unknown: one month.",
)
describe(
    LegalBasis,
    "The legal basis of processing (Art. 6(1) GDPR).",
    CONSENT="The person has consented, and may withdraw at any time.",
    CONTRACT="A contract with the person requires it.",
    LEGITIMATE_INTERESTS="Legitimate interests of the company justify it, unless the person objects.",
    LEGAL_OBLIGATION="A law requires it.",
)
describe(
    ConsentState,
    "A person's choice for a purpose.",
    GRANTED="The person consented, or no longer objects.",
    WITHDRAWN="The person withdrew their consent.",
    OBJECTED="The person objected (Art. 21 GDPR).",
    LAPSED="The consent is older than the purpose permits, or than a policy that requires a new one.",
)
describe(
    Channel,
    "The channel on which a choice or a request was received.",
    STORE="In the store.",
    SYNC="On the sync server.",
    NEWSLETTER="In a newsletter.",
    WEBSITE="On the website.",
    APP="In an app.",
    EMAIL="By email.",
    PHONE="By phone.",
    MAIL="By letter.",
    SUPPORT="Through a support agent.",
    GPC="By the Global Privacy Control signal of a browser.",
    IMPORT="By an import of earlier records.",
    SCRIPT="By an administrator's script.",
)
describe(
    DecisionReason,
    "The reason for a consent decision.",
    GRANTED="Allowed: the person consented.",
    NOT_OBJECTED="Allowed: the basis is legitimate interests, and the person has not objected.",
    NECESSARY="Allowed: a contract or a law requires it.",
    NEVER_ASKED="Refused: the person was never asked.",
    WITHDRAWN="Refused: the person declined, or withdrew their consent.",
    LAPSED="Refused: the consent is older than the purpose permits.",
    POLICY_CHANGED="Refused: the consent was given under an older privacy policy, and must be asked for again.",
    OBJECTED="Refused: the person objected.",
    RESTRICTED="Refused whatever the person chose: processing is restricted.",
    ERASING="Refused whatever the person chose: they are being erased.",
    ERASED="Refused whatever the person chose: they are erased.",
    UNKNOWN_SUBJECT="Refused: no person is known by this identifier.",
)
describe(
    BounceKind,
    "The kind of a bounce.",
    HARD="The address does not exist or accepts no mail. Mail to it stops until it is corrected.",
    SOFT="The letter could not be delivered for the moment. Nothing changes.",
    COMPLAINT="The person reported the letter as spam, and is opted out of all marketing.",
)
describe(
    AccessAction,
    "The kind of an access event.",
    READ="Personal fields were read.",
    WRITE="A mutation was carried out.",
    REFUSED="Access to fields was refused.",
    GRANT="An access grant was asked for, approved, or used.",
)
describe(
    GrantState,
    "The state of an access grant.",
    WAITING="It waits for the approval of another actor with the role PRIVACY.",
    OPEN="It is open for the actor who asked for it.",
    EXPIRED="Its duration is over, or it was not approved within 24 hours.",
    REFUSED="It was refused.",
    ENDED="It was ended by hand.",
)
describe(
    RequestKind,
    "The right that a person exercises.",
    ERASURE="The right to erasure (Art. 17 GDPR).",
    ACCESS="The right of access: a copy of all that is held about the person (Art. 15 GDPR).",
    PORTABILITY="The right to data portability: a copy of what the person gave (Art. 20 GDPR).",
    RECTIFICATION="The right to rectification (Art. 16 GDPR).",
    RESTRICTION="The right to restriction of processing (Art. 18 GDPR).",
    OBJECTION="The right to object (Art. 21 GDPR).",
    COMPLAINT="A complaint about the processing of the person's data.",
    ENQUIRY="Any other question about personal data.",
    CA_DIRECT_MARKETING_DISCLOSURE="Which data was disclosed to third parties for their direct marketing "
    "(Cal. Civ. Code 1798.83): 30 days.",
)
describe(
    RequestOrder,
    "The order of a list of requests.",
    NEWEST_FIRST="By receipt, the newest first.",
    DUE_FIRST="By deadline, extended or not, the earliest first.",
)
describe(
    IdentityCheck,
    "How the identity of the person is to be proved.",
    EMAIL_CODE="By a code that is mailed to the person.",
    ATTESTED="By the actor, who vouches for it and is recorded.",
)
describe(
    ExtensionReason,
    "Why the deadline of a request is extended (Art. 12(3) GDPR).",
    COMPLEXITY="The request is complex.",
    NUMBER_OF_REQUESTS="There are too many requests to answer all of them in time.",
)
describe(
    RequestState,
    "The state of a request.",
    AWAITING_VERIFICATION="It waits for proof of identity.",
    SCHEDULED="It waits for the end of the cooling-off period.",
    IN_PROGRESS="It is being carried out. An erasure cannot be cancelled any more.",
    PARTIALLY_COMPLETED="This service has erased everything. An internal system has not answered yet, or has failed.",
    COMPLETED="It is done: for an erasure, all live systems have finished.",
    DENIED="It was denied.",
    CANCELLED="It was cancelled.",
)
describe(
    IdentityProof,
    "How the identity of the person is proved.",
    NONE_YET="It is not proved yet.",
    EMAIL_CODE="By a code that was mailed to the person.",
    ATTESTED="By the actor, who vouches for it and is recorded.",
)
describe(
    ErasureReason,
    "The reason for an erasure.",
    REQUESTED="The person asks for it.",
    CONSENT_WITHDRAWN="The person withdrew the consent on which the processing was based.",
    UNLAWFUL="The processing was unlawful.",
    UNDERAGE="The person is under 13. There is no cooling-off period, and no code is required.",
)
describe(
    DenialReason,
    "The reason for denying a request.",
    SUSPECTED_FRAUD="The request appears to come from another person.",
    INSUFFICIENT_VERIFICATION="The identity of the person was not proved.",
    NO_MATCH="It concerns no person known to this service.",
    CLAIM_NOT_COVERED="The law does not grant this right in this case.",
    OUTSIDE_JURISDICTION="No law that applies to the company grants this right.",
    TOO_MANY_REQUESTS="The requests are manifestly unfounded or excessive (Art. 12(5) GDPR).",
    OTHER="Another reason, which the case documents.",
)
describe(
    StepState,
    "The state of an erasure step.",
    PENDING="The internal system has not answered yet.",
    DONE="The internal system has erased the person.",
    FAILED="The internal system failed or did not answer; retryErasure sends the webhook again.",
)
describe(
    LetterState,
    "What became of a letter.",
    QUEUED="It waits to be sent.",
    SENT="A mail server accepted it.",
    DROPPED="It was not sent, because the person may not be written to any more.",
    FAILED="It could not be sent.",
    UNCERTAIN="The mail server did not confirm it. It may have been sent.",
    HELD="It was not accepted so far and is tried again.",
)
describe(
    ConsentChangeKind,
    "The kind of a change of what a person allows.",
    CHOICE="The person's choice for a purpose changed.",
    OPTED_OUT_OF_ALL="The person opted out of everything.",
    RESTRICTED="Processing was restricted.",
    RESTRICTION_LIFTED="A restriction of processing was lifted.",
    ERASING="The erasure of the person began.",
    ERASED="The person was erased.",
)
describe(
    FeedStart,
    "Where a reader of the feed without a cursor begins.",
    BEGINNING="At the oldest change that is kept.",
    NOW="After the newest change.",
)
