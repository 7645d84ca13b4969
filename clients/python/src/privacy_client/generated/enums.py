"""Generated from schema.graphql by ``python -m clients.generator``. Do not edit."""

from privacy_client.open_enum import OpenEnum

__all__ = [
    "AccessAction",
    "BounceKind",
    "Channel",
    "ClientDimension",
    "ConsentChangeKind",
    "ConsentState",
    "DataCategory",
    "DecisionReason",
    "DenialReason",
    "DisclosureReason",
    "ErasureReason",
    "ErrorCode",
    "ExtensionReason",
    "FeedStart",
    "ForcedGround",
    "GrantState",
    "IdentityCheck",
    "IdentityProof",
    "IncidentKind",
    "IncidentState",
    "LegalBasis",
    "LetterState",
    "RecipientKind",
    "Regime",
    "RequestKind",
    "RequestOrder",
    "RequestState",
    "RetentionGround",
    "Role",
    "StepState",
    "SubjectStatus",
    "TransferSafeguard",
]


class AccessAction(OpenEnum):
    """The kind of an access event."""

    READ = "READ"
    """Personal fields were read."""
    WRITE = "WRITE"
    """A mutation was carried out."""
    REFUSED = "REFUSED"
    """Access to fields was refused."""
    GRANT = "GRANT"
    """An access grant was asked for, approved, or used."""


class BounceKind(OpenEnum):
    """The kind of a bounce."""

    HARD = "HARD"
    """The address does not exist or accepts no mail. Mail to it stops until it is corrected."""
    SOFT = "SOFT"
    """The letter could not be delivered for the moment. Nothing changes."""
    COMPLAINT = "COMPLAINT"
    """The person reported the letter as spam, and is opted out of all marketing."""


class Channel(OpenEnum):
    """The channel on which a choice or a request was received."""

    STORE = "STORE"
    """In the store."""
    SYNC = "SYNC"
    """On the sync server."""
    NEWSLETTER = "NEWSLETTER"
    """In a newsletter."""
    WEBSITE = "WEBSITE"
    """On the website."""
    APP = "APP"
    """In an app."""
    EMAIL = "EMAIL"
    """By email."""
    PHONE = "PHONE"
    """By phone."""
    MAIL = "MAIL"
    """By letter."""
    SUPPORT = "SUPPORT"
    """Through a support agent."""
    GPC = "GPC"
    """By the Global Privacy Control signal of a browser."""
    IMPORT = "IMPORT"
    """By an import of earlier records."""
    SCRIPT = "SCRIPT"
    """By an administrator's script."""


class ClientDimension(OpenEnum):
    """What accounts are counted by."""

    APP = "APP"
    """The program."""
    VERSION = "VERSION"
    """The version of the program."""
    PLATFORM = "PLATFORM"
    """The platform that it runs on."""


class ConsentChangeKind(OpenEnum):
    """The kind of a change of what a person allows."""

    CHOICE = "CHOICE"
    """The person's choice for a purpose changed."""
    OPTED_OUT_OF_ALL = "OPTED_OUT_OF_ALL"
    """The person opted out of everything."""
    RESTRICTED = "RESTRICTED"
    """Processing was restricted."""
    RESTRICTION_LIFTED = "RESTRICTION_LIFTED"
    """A restriction of processing was lifted."""
    ERASING = "ERASING"
    """The erasure of the person began."""
    ERASED = "ERASED"
    """The person was erased."""


class ConsentState(OpenEnum):
    """A person's choice for a purpose."""

    GRANTED = "GRANTED"
    """The person consented, or no longer objects."""
    WITHDRAWN = "WITHDRAWN"
    """The person withdrew their consent."""
    OBJECTED = "OBJECTED"
    """The person objected (Art. 21 GDPR)."""
    LAPSED = "LAPSED"
    """The consent is older than the purpose permits, or than a policy that requires a new one."""


class DataCategory(OpenEnum):
    """What personal data is about. Every personal field and every retention rule belongs to one category."""

    CONTACT = "CONTACT"
    """Email addresses."""
    PROFILE = "PROFILE"
    """The name, the country and the status of a person."""
    ACCOUNTS = "ACCOUNTS"
    """References of internal systems."""
    CONSENTS = "CONSENTS"
    """Choices and the consent ledger."""
    PAYMENT_FRAGMENTS = "PAYMENT_FRAGMENTS"
    """The stored parts of cards."""
    SYNC_METADATA = "SYNC_METADATA"
    """Sync accounts and client state: sizes, counts, programs."""
    SYNC_FILE_NAMES = "SYNC_FILE_NAMES"
    """Names, sizes and times of synced files."""
    LETTERS = "LETTERS"
    """Letters to a person, and what became of them."""
    REQUESTS = "REQUESTS"
    """Rights requests and their steps."""
    ACCESS_EVENTS = "ACCESS_EVENTS"
    """Who read or changed what, and access grants."""


class DecisionReason(OpenEnum):
    """The reason for a consent decision."""

    GRANTED = "GRANTED"
    """Allowed: the person consented."""
    NOT_OBJECTED = "NOT_OBJECTED"
    """Allowed: the basis is legitimate interests, and the person has not objected."""
    NECESSARY = "NECESSARY"
    """Allowed: a contract or a law requires it."""
    NEVER_ASKED = "NEVER_ASKED"
    """Refused: the person was never asked."""
    WITHDRAWN = "WITHDRAWN"
    """Refused: the person declined, or withdrew their consent."""
    LAPSED = "LAPSED"
    """Refused: the consent is older than the purpose permits."""
    POLICY_CHANGED = "POLICY_CHANGED"
    """Refused: the consent was given under an older privacy policy, and must be asked for again."""
    OBJECTED = "OBJECTED"
    """Refused: the person objected."""
    RESTRICTED = "RESTRICTED"
    """Refused whatever the person chose: processing is restricted."""
    ERASING = "ERASING"
    """Refused whatever the person chose: they are being erased."""
    ERASED = "ERASED"
    """Refused whatever the person chose: they are erased."""
    UNKNOWN_SUBJECT = "UNKNOWN_SUBJECT"
    """Refused: no person is known by this identifier."""


class DenialReason(OpenEnum):
    """The reason for denying a request."""

    SUSPECTED_FRAUD = "SUSPECTED_FRAUD"
    """The request appears to come from another person."""
    INSUFFICIENT_VERIFICATION = "INSUFFICIENT_VERIFICATION"
    """The identity of the person was not proved."""
    NO_MATCH = "NO_MATCH"
    """It concerns no person known to this service."""
    CLAIM_NOT_COVERED = "CLAIM_NOT_COVERED"
    """The law does not grant this right in this case."""
    OUTSIDE_JURISDICTION = "OUTSIDE_JURISDICTION"
    """No law that applies to the company grants this right."""
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    """The requests are manifestly unfounded or excessive (Art. 12(5) GDPR)."""
    OTHER = "OTHER"
    """Another reason, which the case documents."""


class DisclosureReason(OpenEnum):
    """The reason of a disclosure decision. They are checked in the order: person, contract, categories, purpose, safeguard, choice."""

    ALLOWED = "ALLOWED"
    """The disclosure is permitted."""
    CATEGORY_NOT_ALLOWED = "CATEGORY_NOT_ALLOWED"
    """The recipient may not get one of the categories."""
    PURPOSE_NOT_ALLOWED = "PURPOSE_NOT_ALLOWED"
    """The recipient may not get data for this purpose."""
    NO_CONTRACT = "NO_CONTRACT"
    """The recipient, or its contract, has ended."""
    NO_SAFEGUARD = "NO_SAFEGUARD"
    """The recipient is in a country that needs a safeguard, and names none that covers the transfer."""
    SUBJECT_REFUSED = "SUBJECT_REFUSED"
    """The person did not consent, or objected."""
    RESTRICTED = "RESTRICTED"
    """Processing is restricted."""
    ERASING = "ERASING"
    """The person is being erased."""
    ERASED = "ERASED"
    """The person is erased."""
    UNKNOWN_SUBJECT = "UNKNOWN_SUBJECT"
    """No person is registered under the identifier."""


class ErasureReason(OpenEnum):
    """The reason for an erasure."""

    REQUESTED = "REQUESTED"
    """The person asks for it."""
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    """The person withdrew the consent on which the processing was based."""
    UNLAWFUL = "UNLAWFUL"
    """The processing was unlawful."""
    UNDERAGE = "UNDERAGE"
    """The person is under 13. There is no cooling-off period, and no code is required."""


class ErrorCode(OpenEnum):
    """`extensions.code` of every error. Read it, never the message."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    """A valid bearer token is required: it is missing, malformed, expired or revoked."""
    FORBIDDEN = "FORBIDDEN"
    """The acting role may not use some of the fields of this operation; nothing was executed."""
    CASE_REQUIRED = "CASE_REQUIRED"
    """A question about a person, or a change of a person's record, requires a case: name it in the header X-Case."""
    GRANT_REQUIRED = "GRANT_REQUIRED"
    """This field requires an open access grant for this person and this actor."""
    BAD_INPUT = "BAD_INPUT"
    """An argument has a value that is not accepted."""
    CARD_NUMBER_REFUSED = "CARD_NUMBER_REFUSED"
    """An argument contains what looks like a full card number: it was not stored and must not be sent."""
    UNDERAGE = "UNDERAGE"
    """Nothing is stored about a person who is known to be under 13."""
    UNKNOWN_PURPOSE = "UNKNOWN_PURPOSE"
    """There is no purpose with this key."""
    UNKNOWN_RECIPIENT = "UNKNOWN_RECIPIENT"
    """There is no recipient with this key."""
    DISCLOSURE_REFUSED = "DISCLOSURE_REFUSED"
    """Personal data of these people may not go to this recipient for this purpose; nothing was recorded."""
    PURPOSE_NOT_REFUSABLE = "PURPOSE_NOT_REFUSABLE"
    """This purpose is required by a contract or a law: it needs no consent and has no opt-out."""
    SUBJECT_NOT_FOUND = "SUBJECT_NOT_FOUND"
    """No person is known by this identifier."""
    SUBJECT_AMBIGUOUS = "SUBJECT_AMBIGUOUS"
    """The identifiers belong to different people; nothing was changed."""
    SUBJECT_ERASED = "SUBJECT_ERASED"
    """This person has been erased or is being erased."""
    NOT_FOUND = "NOT_FOUND"
    """There is no object with this id that the caller may use."""
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    """The feed no longer holds what came after this cursor: begin anew."""
    STATE_CONFLICT = "STATE_CONFLICT"
    """The current state of the object does not allow this operation."""
    IDENTITY_UNVERIFIED = "IDENTITY_UNVERIFIED"
    """The person's identity has not been verified yet."""
    RATE_LIMITED = "RATE_LIMITED"
    """This caller asked about too many people in a short time: nothing was done, try again later."""
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    """There were too many attempts; request a new code."""
    QUERY_TOO_LARGE = "QUERY_TOO_LARGE"
    """The operation exceeds a limit on its size."""
    GRAPHQL_INVALID = "GRAPHQL_INVALID"
    """The document cannot be parsed, or it is not valid for the schema."""
    UNAVAILABLE = "UNAVAILABLE"
    """A component that this operation needs is unavailable: nothing was done, try again."""
    INTERNAL = "INTERNAL"
    """The service failed; its log has the details under this id."""


class ExtensionReason(OpenEnum):
    """Why the deadline of a request is extended (Art. 12(3) GDPR)."""

    COMPLEXITY = "COMPLEXITY"
    """The request is complex."""
    NUMBER_OF_REQUESTS = "NUMBER_OF_REQUESTS"
    """There are too many requests to answer all of them in time."""


class FeedStart(OpenEnum):
    """Where a reader of the feed without a cursor begins."""

    BEGINNING = "BEGINNING"
    """At the oldest change that is kept."""
    NOW = "NOW"
    """After the newest change."""


class ForcedGround(OpenEnum):
    """Why data had to be disclosed."""

    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"
    """A law obliges the company to."""
    LEGAL_PROCESS = "LEGAL_PROCESS"
    """A court or an authority ordered it."""
    PROTECTION_OF_RIGHTS = "PROTECTION_OF_RIGHTS"
    """It was needed to protect rights or property."""
    EMERGENCY = "EMERGENCY"
    """It was needed to protect people in an emergency."""


class GrantState(OpenEnum):
    """The state of an access grant."""

    WAITING = "WAITING"
    """It waits for the approval of another actor with the role PRIVACY."""
    OPEN = "OPEN"
    """It is open for the actor who asked for it."""
    EXPIRED = "EXPIRED"
    """Its duration is over, or it was not approved within 24 hours."""
    REFUSED = "REFUSED"
    """It was refused."""
    ENDED = "ENDED"
    """It was ended by hand."""


class IdentityCheck(OpenEnum):
    """How the identity of the person is to be proved."""

    EMAIL_CODE = "EMAIL_CODE"
    """By a code that is mailed to the person."""
    ATTESTED = "ATTESTED"
    """By the actor, who vouches for it and is recorded."""


class IdentityProof(OpenEnum):
    """How the identity of the person is proved."""

    NONE_YET = "NONE_YET"
    """It is not proved yet."""
    EMAIL_CODE = "EMAIL_CODE"
    """By a code that was mailed to the person."""
    ATTESTED = "ATTESTED"
    """By the actor, who vouches for it and is recorded."""


class IncidentKind(OpenEnum):
    """What happened in an incident."""

    UNAUTHORISED_READ = "UNAUTHORISED_READ"
    """Data was read without a right to."""
    CREDENTIAL_MISUSE = "CREDENTIAL_MISUSE"
    """A password, key or token was misused."""
    THEFT = "THEFT"
    """Data was stolen."""
    LOSS = "LOSS"
    """Data was lost."""
    WRONG_RECIPIENT = "WRONG_RECIPIENT"
    """Data went to a wrong recipient."""
    OTHER = "OTHER"
    """Another breach of security."""


class IncidentState(OpenEnum):
    """The state of an incident."""

    OPEN = "OPEN"
    """It is being handled."""
    CLOSED = "CLOSED"
    """It is closed."""


class LegalBasis(OpenEnum):
    """The legal basis of processing (Art. 6(1) GDPR)."""

    CONSENT = "CONSENT"
    """The person has consented, and may withdraw at any time."""
    CONTRACT = "CONTRACT"
    """A contract with the person requires it."""
    LEGITIMATE_INTERESTS = "LEGITIMATE_INTERESTS"
    """Legitimate interests of the company justify it, unless the person objects."""
    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"
    """A law requires it."""


class LetterState(OpenEnum):
    """What became of a letter."""

    QUEUED = "QUEUED"
    """It waits to be sent."""
    SENT = "SENT"
    """A mail server accepted it."""
    DROPPED = "DROPPED"
    """It was not sent, because the person may not be written to any more."""
    FAILED = "FAILED"
    """It could not be sent."""
    UNCERTAIN = "UNCERTAIN"
    """The mail server did not confirm it. It may have been sent."""
    HELD = "HELD"
    """It was not accepted so far and is tried again."""


class RecipientKind(OpenEnum):
    """The role of a recipient in the processing."""

    PROCESSOR = "PROCESSOR"
    """It processes for the company, under its instructions (Art. 28 GDPR)."""
    JOINT_CONTROLLER = "JOINT_CONTROLLER"
    """It decides together with the company (Art. 26 GDPR)."""
    CONTROLLER = "CONTROLLER"
    """It decides by itself."""
    AFFILIATE = "AFFILIATE"
    """A company of the same group."""


class Regime(OpenEnum):
    """The law whose deadlines apply to a person's requests."""

    GDPR = "GDPR"
    """The European Economic Area: one month."""
    UK_GDPR = "UK_GDPR"
    """The United Kingdom: one month."""
    SWISS_FADP = "SWISS_FADP"
    """Switzerland: 30 days."""
    CCPA = "CCPA"
    """The United States, under the California Consumer Privacy Act: 45 calendar days."""
    OTHER = "OTHER"
    """Elsewhere, or unknown: one month."""


class RequestKind(OpenEnum):
    """The right that a person exercises."""

    ERASURE = "ERASURE"
    """The right to erasure (Art. 17 GDPR)."""
    ACCESS = "ACCESS"
    """The right of access: a copy of all that is held about the person (Art. 15 GDPR)."""
    PORTABILITY = "PORTABILITY"
    """The right to data portability: a copy of what the person gave (Art. 20 GDPR)."""
    RECTIFICATION = "RECTIFICATION"
    """The right to rectification (Art. 16 GDPR)."""
    RESTRICTION = "RESTRICTION"
    """The right to restriction of processing (Art. 18 GDPR)."""
    OBJECTION = "OBJECTION"
    """The right to object (Art. 21 GDPR)."""
    COMPLAINT = "COMPLAINT"
    """A complaint about the processing of the person's data."""
    ENQUIRY = "ENQUIRY"
    """Any other question about personal data."""
    CA_DIRECT_MARKETING_DISCLOSURE = "CA_DIRECT_MARKETING_DISCLOSURE"
    """Which data was disclosed to third parties for their direct marketing (Cal. Civ. Code 1798.83): 30 days."""


class RequestOrder(OpenEnum):
    """The order of a list of requests."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By receipt, the newest first."""
    DUE_FIRST = "DUE_FIRST"
    """By deadline, extended or not, the earliest first."""


class RequestState(OpenEnum):
    """The state of a request."""

    AWAITING_VERIFICATION = "AWAITING_VERIFICATION"
    """It waits for proof of identity."""
    SCHEDULED = "SCHEDULED"
    """It waits for the end of the cooling-off period."""
    IN_PROGRESS = "IN_PROGRESS"
    """It is being carried out. An erasure cannot be cancelled any more."""
    PARTIALLY_COMPLETED = "PARTIALLY_COMPLETED"
    """This service has erased everything. An internal system has not answered yet, or has failed."""
    COMPLETED = "COMPLETED"
    """It is done: for an erasure, all live systems have finished."""
    DENIED = "DENIED"
    """It was denied."""
    CANCELLED = "CANCELLED"
    """It was cancelled."""


class RetentionGround(OpenEnum):
    """The ground for keeping something after an erasure (Art. 17(3) GDPR)."""

    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"
    """A law requires it."""
    LEGAL_CLAIM = "LEGAL_CLAIM"
    """It is evidence for or against a legal claim."""
    PUBLISHED_BY_SUBJECT = "PUBLISHED_BY_SUBJECT"
    """The person published it, and the company can no longer withdraw it."""


class Role(OpenEnum):
    """The role of a caller. A caller acts in exactly one role at a time."""

    STORE = "STORE"
    """The store service, which sells, charges and refunds."""
    SYNC = "SYNC"
    """The sync service, which stores Customer Data."""
    SERVICE = "SERVICE"
    """Any other internal service that must ask before it processes, such as newsletter, forums or statistics."""
    SUPPORT = "SUPPORT"
    """A support agent with an open case."""
    BILLING = "BILLING"
    """A billing agent with an open case."""
    PRIVACY = "PRIVACY"
    """The privacy officer."""
    AUDITOR = "AUDITOR"
    """An auditor, who reads the audit log but no personal data."""
    ANALYST = "ANALYST"
    """An analyst, who reads aggregates only."""
    ADMIN = "ADMIN"
    """An administrator's script, which acts on people by id, account or address and reads no personal data."""


class StepState(OpenEnum):
    """The state of an erasure step."""

    PENDING = "PENDING"
    """The internal system has not answered yet."""
    DONE = "DONE"
    """The internal system has erased the person."""
    FAILED = "FAILED"
    """The internal system failed or did not answer; retryErasure sends the webhook again."""


class SubjectStatus(OpenEnum):
    """The status of a person."""

    ACTIVE = "ACTIVE"
    """The person's own choices decide."""
    RESTRICTED = "RESTRICTED"
    """Processing is restricted (Art. 18 GDPR): every decision is a refusal. The choices are kept."""
    ERASING = "ERASING"
    """The person is being erased."""
    ERASED = "ERASED"
    """The person is erased."""


class TransferSafeguard(OpenEnum):
    """What makes a transfer to a country outside the European Economic Area and Switzerland lawful."""

    ADEQUACY = "ADEQUACY"
    """An adequacy decision of the European Commission (Art. 45 GDPR)."""
    STANDARD_CLAUSES = "STANDARD_CLAUSES"
    """Standard data protection clauses (Art. 46(2)(c) and (d) GDPR)."""
    BINDING_RULES = "BINDING_RULES"
    """Binding corporate rules (Art. 47 GDPR)."""
    CODE_OF_CONDUCT = "CODE_OF_CONDUCT"
    """An approved code of conduct (Art. 46(2)(e) GDPR)."""
    CERTIFICATION = "CERTIFICATION"
    """An approved certification (Art. 46(2)(f) GDPR)."""
    PUBLIC_INSTRUMENT = "PUBLIC_INSTRUMENT"
    """An instrument between public authorities (Art. 46(2)(a) GDPR)."""
