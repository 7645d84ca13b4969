"""The enums of rights requests beside their kinds and states: identity, reasons of erasure, denial and extension."""

from enum import StrEnum


class IdentityProof(StrEnum):
    """How the identity of the requester was proved."""

    NONE_YET = "NONE_YET"
    EMAIL_CODE = "EMAIL_CODE"
    ATTESTED = "ATTESTED"


class IdentityCheck(StrEnum):
    """How a caller wants the identity of the requester to be proved."""

    EMAIL_CODE = "EMAIL_CODE"
    ATTESTED = "ATTESTED"


class ExtensionReason(StrEnum):
    """Why the deadline of a request was extended (Art. 12(3) GDPR)."""

    COMPLEXITY = "COMPLEXITY"
    NUMBER_OF_REQUESTS = "NUMBER_OF_REQUESTS"


class ErasureReason(StrEnum):
    """Why a subject is to be erased (Art. 17(1) GDPR; COPPA for a child)."""

    REQUESTED = "REQUESTED"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    UNLAWFUL = "UNLAWFUL"
    UNDERAGE = "UNDERAGE"


class DenialReason(StrEnum):
    """Why a request was denied."""

    SUSPECTED_FRAUD = "SUSPECTED_FRAUD"
    INSUFFICIENT_VERIFICATION = "INSUFFICIENT_VERIFICATION"
    NO_MATCH = "NO_MATCH"
    CLAIM_NOT_COVERED = "CLAIM_NOT_COVERED"
    OUTSIDE_JURISDICTION = "OUTSIDE_JURISDICTION"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    OTHER = "OTHER"
