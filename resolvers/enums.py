"""The enums of the contract, with a word on each value."""

from enum import EnumMeta
from typing import Any

import strawberry

from models.access.access_grants import GrantState
from models.actors import Role
from models.audit.events import AccessAction
from models.consent.decisions import DecisionReason
from models.consent.ledger import Channel, ConsentState
from models.consent.purposes import LegalBasis
from models.delivery.bounces import BounceKind
from models.erasure.retention import RetentionGround
from models.erasure.steps import StepState
from models.requests.requests import DenialReason, ErasureReason, IdentityProof, RequestKind, RequestState
from models.subjects.subjects import Regime, SubjectStatus


def _describe(enum: EnumMeta, description: str, **values: str) -> None:
    """Make an enum of the models one of the schema; every value is described, or this fails at start-up."""
    described: Any = strawberry.enum(enum, description=description)
    for value in described.__strawberry_definition__.values:
        value.description = values.pop(value.name)
    if values:
        raise ValueError(enum.__name__, values)


_describe(
    Role,
    "Who needs to know. A caller acts in exactly one role at a time.",
    STORE="The store service: sells, charges, refunds.",
    SYNC="The sync service: keeps Customer Data and knows its metadata.",
    SERVICE="Any other internal service that must ask before it processes: newsletter, forums, statistics.",
    SUPPORT="A support agent with an open case.",
    BILLING="A billing agent with an open case.",
    PRIVACY="The privacy officer.",
    AUDITOR="Reads who did what, never personal data.",
    ANALYST="Reads aggregates only.",
    ADMIN="Operates by script: acts on people by id, account or address; reads no personal data.",
)
_describe(
    SubjectStatus,
    "Where a person stands with us.",
    ACTIVE="Their own choices decide.",
    RESTRICTED="Processing is restricted (Art. 18 GDPR): every decision is a no; no choice is lost.",
    ERASING="They are being erased.",
    ERASED="They are erased.",
)
_describe(
    Regime,
    "Which law's clock applies to a person's requests.",
    GDPR="The European Economic Area: one month.",
    UK_GDPR="The United Kingdom: one month.",
    SWISS_FADP="Switzerland: one month.",
    CCPA="The United States, by the Californian act: 45 calendar days.",
    OTHER="Elsewhere, or unknown: one month.",
)
_describe(
    LegalBasis,
    "Why processing is lawful (Art. 6(1) GDPR).",
    CONSENT="The person agreed, and may take it back at any time.",
    CONTRACT="What the person ordered needs it.",
    LEGITIMATE_INTERESTS="Our interests justify it, unless the person objects.",
    LEGAL_OBLIGATION="A law demands it.",
)
_describe(
    ConsentState,
    "What a person chose.",
    GRANTED="They agreed, or no longer object.",
    WITHDRAWN="They took their consent back.",
    OBJECTED="They objected (Art. 21 GDPR).",
    LAPSED="They agreed too long ago: the purpose's days are over.",
)
_describe(
    Channel,
    "Where a choice reached us.",
    STORE="In the store.",
    SYNC="On the sync server.",
    NEWSLETTER="In a newsletter.",
    WEBSITE="On the website.",
    APP="In an app.",
    EMAIL="By e-mail.",
    PHONE="By phone.",
    MAIL="By letter.",
    SUPPORT="Through a support agent.",
    GPC="By the browser's signal (Global Privacy Control).",
    IMPORT="By an import of what was recorded elsewhere.",
    SCRIPT="By an administrator's script.",
)
_describe(
    DecisionReason,
    "Why a decision is what it is.",
    GRANTED="Allowed: the person agreed.",
    NOT_OBJECTED="Allowed: legitimate interests, and the person has not objected.",
    NECESSARY="Allowed: a contract or a law needs it.",
    NEVER_ASKED="Refused: the person was never asked.",
    WITHDRAWN="Refused: the person said no, or took their consent back.",
    LAPSED="Refused: the person agreed too long ago.",
    OBJECTED="Refused: the person objected.",
    RESTRICTED="Refused whatever they chose: processing is restricted.",
    ERASING="Refused whatever they chose: they are being erased.",
    ERASED="Refused whatever they chose: they are erased.",
    UNKNOWN_SUBJECT="Refused: nobody is known by that name.",
)
_describe(
    BounceKind,
    "What came back of a letter.",
    HARD="The address does not exist, or takes no letters: mail to it stops until it is corrected.",
    SOFT="The letter could not be delivered now; nothing changes.",
    COMPLAINT="The person called it spam: they are opted out of all marketing.",
)
_describe(
    AccessAction,
    "What was done.",
    READ="Personal fields were read.",
    WRITE="A deed was done.",
    REFUSED="Something was refused.",
    GRANT="An access grant was asked for, approved, or used.",
)
_describe(
    GrantState,
    "Where an access grant stands.",
    WAITING="Somebody else with the role PRIVACY has to approve it.",
    OPEN="It opens what it was asked for, to the one who asked.",
    EXPIRED="Its time is over, or nobody approved it within a day.",
    REFUSED="It was refused.",
)
_describe(
    RequestKind,
    "What the law lets a person ask for.",
    ERASURE="To be erased (Art. 17 GDPR).",
)
_describe(
    RequestState,
    "Where a request is in its life.",
    AWAITING_VERIFICATION="It waits for proof that the person themselves asks.",
    SCHEDULED="It waits for the cooling-off time to end.",
    IN_PROGRESS="It is being carried out; nothing calls it back.",
    PARTIALLY_COMPLETED="Everything here is gone; an internal system has not answered yet, or has failed.",
    COMPLETED="Every live system is done.",
    DENIED="It was refused.",
    CANCELLED="It was called off.",
)
_describe(
    IdentityProof,
    "How it is proved that the person themselves asks.",
    NONE_YET="Not at all yet.",
    EMAIL_CODE="By a code mailed to them.",
    ATTESTED="By the word of whoever acted, who is recorded.",
)
_describe(
    ErasureReason,
    "Why a person is to be erased.",
    REQUESTED="They ask for it.",
    CONSENT_WITHDRAWN="They took back the consent that it rested on.",
    UNLAWFUL="It was unlawful to keep them.",
    UNDERAGE="They are under 13: no cooling-off time, and nobody asks a child for a code.",
)
_describe(
    DenialReason,
    "Why a request was refused.",
    SUSPECTED_FRAUD="Somebody else seems to ask.",
    INSUFFICIENT_VERIFICATION="Identity was not proved.",
    NO_MATCH="It concerns nobody whom we know.",
    CLAIM_NOT_COVERED="The law does not give this right here.",
    OUTSIDE_JURISDICTION="No law that binds us gives this right.",
    TOO_MANY_REQUESTS="It is manifestly unfounded or excessive (Art. 12(5) GDPR).",
    OTHER="Another reason, which the case tells.",
)
_describe(
    StepState,
    "Whether an internal system has done its part.",
    PENDING="Not yet.",
    DONE="It has.",
    FAILED="It said that it cannot, or never answered; retryErasure tells it again.",
)
_describe(
    RetentionGround,
    "Why something outlives an erasure (Art. 17(3) GDPR).",
    LEGAL_OBLIGATION="A law demands it.",
    LEGAL_CLAIM="It is proof for or against a claim.",
    PUBLISHED_BY_SUBJECT="The person published it themselves, and it is no longer ours to take back.",
)
