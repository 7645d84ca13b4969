// Generated from schema.graphql by `npm run generate`. Do not edit.

import { PrivacyError, type ErrorClass } from '../errors.js';


/** An argument has a value that is not accepted. */
export class BadInputError extends PrivacyError {
  override readonly name = 'BadInputError';
  override readonly code = 'BAD_INPUT';
}

/** An argument contains what looks like a full card number: it was not stored and must not be sent. */
export class CardNumberRefusedError extends PrivacyError {
  override readonly name = 'CardNumberRefusedError';
  override readonly code = 'CARD_NUMBER_REFUSED';
}

/** A question about a person, or a change of a person's record, requires a case: name it in the header X-Case. */
export class CaseRequiredError extends PrivacyError {
  override readonly name = 'CaseRequiredError';
  override readonly code = 'CASE_REQUIRED';
}

/** The feed no longer holds what came after this cursor: begin anew. */
export class CursorExpiredError extends PrivacyError {
  override readonly name = 'CursorExpiredError';
  override readonly code = 'CURSOR_EXPIRED';
}

/** Personal data of these people may not go to this recipient for this purpose; nothing was recorded. */
export class DisclosureRefusedError extends PrivacyError {
  override readonly name = 'DisclosureRefusedError';
  override readonly code = 'DISCLOSURE_REFUSED';
}

/** The acting role may not use some of the fields of this operation; nothing was executed. */
export class ForbiddenError extends PrivacyError {
  override readonly name = 'ForbiddenError';
  override readonly code = 'FORBIDDEN';
}

/** This field requires an open access grant for this person and this actor. */
export class GrantRequiredError extends PrivacyError {
  override readonly name = 'GrantRequiredError';
  override readonly code = 'GRANT_REQUIRED';
}

/** The document cannot be parsed, or it is not valid for the schema. */
export class GraphqlInvalidError extends PrivacyError {
  override readonly name = 'GraphqlInvalidError';
  override readonly code = 'GRAPHQL_INVALID';
}

/** The person's identity has not been verified yet. */
export class IdentityUnverifiedError extends PrivacyError {
  override readonly name = 'IdentityUnverifiedError';
  override readonly code = 'IDENTITY_UNVERIFIED';
}

/** The service failed; its log has the details under this id. */
export class InternalError extends PrivacyError {
  override readonly name = 'InternalError';
  override readonly code = 'INTERNAL';
}

/** There is no object with this id that the caller may use. */
export class NotFoundError extends PrivacyError {
  override readonly name = 'NotFoundError';
  override readonly code = 'NOT_FOUND';
}

/** This purpose is required by a contract or a law: it needs no consent and has no opt-out. */
export class PurposeNotRefusableError extends PrivacyError {
  override readonly name = 'PurposeNotRefusableError';
  override readonly code = 'PURPOSE_NOT_REFUSABLE';
}

/** The operation exceeds a limit on its size. */
export class QueryTooLargeError extends PrivacyError {
  override readonly name = 'QueryTooLargeError';
  override readonly code = 'QUERY_TOO_LARGE';
}

/** This caller asked about too many people in a short time: nothing was done, try again later. */
export class RateLimitedError extends PrivacyError {
  override readonly name = 'RateLimitedError';
  override readonly code = 'RATE_LIMITED';
}

/** The current state of the object does not allow this operation. */
export class StateConflictError extends PrivacyError {
  override readonly name = 'StateConflictError';
  override readonly code = 'STATE_CONFLICT';
}

/** The identifiers belong to different people; nothing was changed. */
export class SubjectAmbiguousError extends PrivacyError {
  override readonly name = 'SubjectAmbiguousError';
  override readonly code = 'SUBJECT_AMBIGUOUS';
}

/** This person has been erased or is being erased. */
export class SubjectErasedError extends PrivacyError {
  override readonly name = 'SubjectErasedError';
  override readonly code = 'SUBJECT_ERASED';
}

/** No person is known by this identifier. */
export class SubjectNotFoundError extends PrivacyError {
  override readonly name = 'SubjectNotFoundError';
  override readonly code = 'SUBJECT_NOT_FOUND';
}

/** There were too many attempts; request a new code. */
export class TooManyAttemptsError extends PrivacyError {
  override readonly name = 'TooManyAttemptsError';
  override readonly code = 'TOO_MANY_ATTEMPTS';
}

/** A valid bearer token is required: it is missing, malformed, expired or revoked. */
export class UnauthenticatedError extends PrivacyError {
  override readonly name = 'UnauthenticatedError';
  override readonly code = 'UNAUTHENTICATED';
}

/** A component that this operation needs is unavailable: nothing was done, try again. */
export class UnavailableError extends PrivacyError {
  override readonly name = 'UnavailableError';
  override readonly code = 'UNAVAILABLE';
}

/** Nothing is stored about a person who is known to be under 13. */
export class UnderageError extends PrivacyError {
  override readonly name = 'UnderageError';
  override readonly code = 'UNDERAGE';
}

/** There is no purpose with this key. */
export class UnknownPurposeError extends PrivacyError {
  override readonly name = 'UnknownPurposeError';
  override readonly code = 'UNKNOWN_PURPOSE';
}

/** There is no recipient with this key. */
export class UnknownRecipientError extends PrivacyError {
  override readonly name = 'UnknownRecipientError';
  override readonly code = 'UNKNOWN_RECIPIENT';
}

/** The class of each code. */
export const errorClasses: Readonly<Record<string, ErrorClass>> = {
  BAD_INPUT: BadInputError,
  CARD_NUMBER_REFUSED: CardNumberRefusedError,
  CASE_REQUIRED: CaseRequiredError,
  CURSOR_EXPIRED: CursorExpiredError,
  DISCLOSURE_REFUSED: DisclosureRefusedError,
  FORBIDDEN: ForbiddenError,
  GRANT_REQUIRED: GrantRequiredError,
  GRAPHQL_INVALID: GraphqlInvalidError,
  IDENTITY_UNVERIFIED: IdentityUnverifiedError,
  INTERNAL: InternalError,
  NOT_FOUND: NotFoundError,
  PURPOSE_NOT_REFUSABLE: PurposeNotRefusableError,
  QUERY_TOO_LARGE: QueryTooLargeError,
  RATE_LIMITED: RateLimitedError,
  STATE_CONFLICT: StateConflictError,
  SUBJECT_AMBIGUOUS: SubjectAmbiguousError,
  SUBJECT_ERASED: SubjectErasedError,
  SUBJECT_NOT_FOUND: SubjectNotFoundError,
  TOO_MANY_ATTEMPTS: TooManyAttemptsError,
  UNAUTHENTICATED: UnauthenticatedError,
  UNAVAILABLE: UnavailableError,
  UNDERAGE: UnderageError,
  UNKNOWN_PURPOSE: UnknownPurposeError,
  UNKNOWN_RECIPIENT: UnknownRecipientError,
};
