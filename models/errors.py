"""The errors that callers can get: the docstring is the message and the class name is the code.

``CaseRequired`` becomes ``CASE_REQUIRED`` in ``extensions.code``. A message never repeats a value that a caller sent.
"""

import re
from enum import StrEnum
from typing import ClassVar


class Refusal(Exception):  # noqa: N818 -- the service refused, which for most of these is no error of the service
    """The operation was refused."""

    code: ClassVar[str] = "REFUSED"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).upper()

    def __init__(self, **extensions: object) -> None:
        self.message = (type(self).__doc__ or "").strip()
        self.extensions = extensions
        super().__init__(self.message)


class Unauthenticated(Refusal):
    """A valid bearer token is required: it is missing, malformed, expired or revoked."""


class Forbidden(Refusal):
    """The acting role may not use some of the fields of this operation; nothing was executed."""

    def __init__(self, problem: str | None = None, **extensions: object) -> None:
        super().__init__(**extensions)
        if problem is not None:
            self.message = problem


class CaseRequired(Refusal):
    """A question about a person, or a change of a person's record, requires a case: name it in the header X-Case."""


class GrantRequired(Refusal):
    """This field requires an open access grant for this person and this actor."""


class InputProblem(StrEnum):
    """What is wrong with an argument: ``extensions.problem`` of BAD_INPUT."""

    REQUIRED = "REQUIRED"
    WRONG_TYPE = "WRONG_TYPE"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    EXACTLY_ONE_KEY = "EXACTLY_ONE_KEY"
    INVALID_VALUE = "INVALID_VALUE"


class BadInput(Refusal):
    """An argument has a value that is not accepted."""

    def __init__(
        self,
        argument: str,
        sentence: str | None = None,
        *,
        problem: InputProblem = InputProblem.INVALID_VALUE,
        **extensions: object,
    ) -> None:
        super().__init__(argument=argument, problem=problem, **extensions)
        if sentence is not None:
            self.message = f"{self.message[:-1]}: {sentence}."


class CardNumberRefused(Refusal):
    """An argument contains what looks like a full card number: it was not stored and must not be sent."""


class Underage(Refusal):
    """Nothing is stored about a person who is known to be under 13."""


class UnknownPurpose(Refusal):
    """There is no purpose with this key."""


class UnknownRecipient(Refusal):
    """There is no recipient with this key."""


class DisclosureRefused(Refusal):
    """Personal data of these people may not go to this recipient for this purpose; nothing was recorded."""


class PurposeNotRefusable(Refusal):
    """This purpose is required by a contract or a law: it needs no consent and has no opt-out."""


class SubjectNotFound(Refusal):
    """No person is known by this identifier."""


class SubjectAmbiguous(Refusal):
    """The identifiers belong to different people; nothing was changed."""


class SubjectErased(Refusal):
    """This person has been erased or is being erased."""


class NotFound(Refusal):
    """There is no object with this id that the caller may use."""


class CursorExpired(Refusal):
    """The feed no longer holds what came after this cursor: begin anew."""


class StateConflict(Refusal):
    """The current state of the object does not allow this operation."""


class IdentityUnverified(Refusal):
    """The person's identity has not been verified yet."""


class RateLimited(Refusal):
    """This caller asked about too many people in a short time: nothing was done, try again later."""


class TooManyAttempts(Refusal):
    """There were too many attempts; request a new code."""


class QueryTooLarge(Refusal):
    """The operation exceeds a limit on its size."""


class GraphqlInvalid(Refusal):
    """The document cannot be parsed, or it is not valid for the schema."""


class Unavailable(Refusal):
    """A component that this operation needs is unavailable: nothing was done, try again."""

    def __init__(self, **extensions: object) -> None:
        super().__init__(retryable=True, **extensions)


class Internal(Refusal):
    """The service failed; its log has the details under this id."""
