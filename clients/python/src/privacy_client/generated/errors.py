"""Generated from schema.graphql by ``python -m clients.generator``. Do not edit."""

from typing import ClassVar

from privacy_client.errors import PrivacyError

__all__ = [
    "BadInputError",
    "CardNumberRefusedError",
    "CaseRequiredError",
    "CursorExpiredError",
    "DisclosureRefusedError",
    "ForbiddenError",
    "GrantRequiredError",
    "GraphqlInvalidError",
    "IdentityUnverifiedError",
    "InternalError",
    "NotFoundError",
    "PurposeNotRefusableError",
    "QueryTooLargeError",
    "RateLimitedError",
    "StateConflictError",
    "SubjectAmbiguousError",
    "SubjectErasedError",
    "SubjectNotFoundError",
    "TooManyAttemptsError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnderageError",
    "UnknownPurposeError",
    "UnknownRecipientError",
]


class UnauthenticatedError(PrivacyError):
    """A valid bearer token is required: it is missing, malformed, expired or revoked."""

    code: ClassVar[str] = "UNAUTHENTICATED"


class ForbiddenError(PrivacyError):
    """The acting role may not use some of the fields of this operation; nothing was executed."""

    code: ClassVar[str] = "FORBIDDEN"


class CaseRequiredError(PrivacyError):
    """A question about a person, or a change of a person's record, requires a case: name it in the header X-Case."""

    code: ClassVar[str] = "CASE_REQUIRED"


class GrantRequiredError(PrivacyError):
    """This field requires an open access grant for this person and this actor."""

    code: ClassVar[str] = "GRANT_REQUIRED"


class BadInputError(PrivacyError):
    """An argument has a value that is not accepted."""

    code: ClassVar[str] = "BAD_INPUT"


class CardNumberRefusedError(PrivacyError):
    """An argument contains what looks like a full card number: it was not stored and must not be sent."""

    code: ClassVar[str] = "CARD_NUMBER_REFUSED"


class UnderageError(PrivacyError):
    """Nothing is stored about a person who is known to be under 13."""

    code: ClassVar[str] = "UNDERAGE"


class UnknownPurposeError(PrivacyError):
    """There is no purpose with this key."""

    code: ClassVar[str] = "UNKNOWN_PURPOSE"


class UnknownRecipientError(PrivacyError):
    """There is no recipient with this key."""

    code: ClassVar[str] = "UNKNOWN_RECIPIENT"


class DisclosureRefusedError(PrivacyError):
    """Personal data of these people may not go to this recipient for this purpose; nothing was recorded."""

    code: ClassVar[str] = "DISCLOSURE_REFUSED"


class PurposeNotRefusableError(PrivacyError):
    """This purpose is required by a contract or a law: it needs no consent and has no opt-out."""

    code: ClassVar[str] = "PURPOSE_NOT_REFUSABLE"


class SubjectNotFoundError(PrivacyError):
    """No person is known by this identifier."""

    code: ClassVar[str] = "SUBJECT_NOT_FOUND"


class SubjectAmbiguousError(PrivacyError):
    """The identifiers belong to different people; nothing was changed."""

    code: ClassVar[str] = "SUBJECT_AMBIGUOUS"


class SubjectErasedError(PrivacyError):
    """This person has been erased or is being erased."""

    code: ClassVar[str] = "SUBJECT_ERASED"


class NotFoundError(PrivacyError):
    """There is no object with this id that the caller may use."""

    code: ClassVar[str] = "NOT_FOUND"


class CursorExpiredError(PrivacyError):
    """The feed no longer holds what came after this cursor: begin anew."""

    code: ClassVar[str] = "CURSOR_EXPIRED"


class StateConflictError(PrivacyError):
    """The current state of the object does not allow this operation."""

    code: ClassVar[str] = "STATE_CONFLICT"


class IdentityUnverifiedError(PrivacyError):
    """The person's identity has not been verified yet."""

    code: ClassVar[str] = "IDENTITY_UNVERIFIED"


class RateLimitedError(PrivacyError):
    """This caller asked about too many people in a short time: nothing was done, try again later."""

    code: ClassVar[str] = "RATE_LIMITED"


class TooManyAttemptsError(PrivacyError):
    """There were too many attempts; request a new code."""

    code: ClassVar[str] = "TOO_MANY_ATTEMPTS"


class QueryTooLargeError(PrivacyError):
    """The operation exceeds a limit on its size."""

    code: ClassVar[str] = "QUERY_TOO_LARGE"


class GraphqlInvalidError(PrivacyError):
    """The document cannot be parsed, or it is not valid for the schema."""

    code: ClassVar[str] = "GRAPHQL_INVALID"


class UnavailableError(PrivacyError):
    """A component that this operation needs is unavailable: nothing was done, try again."""

    code: ClassVar[str] = "UNAVAILABLE"


class InternalError(PrivacyError):
    """The service failed; its log has the details under this id."""

    code: ClassVar[str] = "INTERNAL"


ERRORS: dict[str, type[PrivacyError]] = {
    "UNAUTHENTICATED": UnauthenticatedError,
    "FORBIDDEN": ForbiddenError,
    "CASE_REQUIRED": CaseRequiredError,
    "GRANT_REQUIRED": GrantRequiredError,
    "BAD_INPUT": BadInputError,
    "CARD_NUMBER_REFUSED": CardNumberRefusedError,
    "UNDERAGE": UnderageError,
    "UNKNOWN_PURPOSE": UnknownPurposeError,
    "UNKNOWN_RECIPIENT": UnknownRecipientError,
    "DISCLOSURE_REFUSED": DisclosureRefusedError,
    "PURPOSE_NOT_REFUSABLE": PurposeNotRefusableError,
    "SUBJECT_NOT_FOUND": SubjectNotFoundError,
    "SUBJECT_AMBIGUOUS": SubjectAmbiguousError,
    "SUBJECT_ERASED": SubjectErasedError,
    "NOT_FOUND": NotFoundError,
    "CURSOR_EXPIRED": CursorExpiredError,
    "STATE_CONFLICT": StateConflictError,
    "IDENTITY_UNVERIFIED": IdentityUnverifiedError,
    "RATE_LIMITED": RateLimitedError,
    "TOO_MANY_ATTEMPTS": TooManyAttemptsError,
    "QUERY_TOO_LARGE": QueryTooLargeError,
    "GRAPHQL_INVALID": GraphqlInvalidError,
    "UNAVAILABLE": UnavailableError,
    "INTERNAL": InternalError,
}
"""The exception of each code."""
