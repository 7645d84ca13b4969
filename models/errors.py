"""The refusals that callers can meet: the docstring is the message, the class name is the code.

``CaseRequired`` becomes ``CASE_REQUIRED`` in ``extensions.code``. A message never repeats a value that a caller sent.
"""

import re
from typing import ClassVar


class Refused(Exception):  # noqa: N818 -- a refusal is an answer; "error" would be wrong for most of its children
    """The operation was refused."""

    code: ClassVar[str] = "REFUSED"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).upper()

    def __init__(self, **extensions: object) -> None:
        self.message = (type(self).__doc__ or "").strip()
        self.extensions = extensions
        super().__init__(self.message)


class Unauthenticated(Refused):
    """A valid bearer token is needed: there was none, or it is wrong, expired or revoked."""


class Forbidden(Refused):
    """The acting role may not use some of the fields of this operation; nothing ran."""


class CaseRequired(Refused):
    """Personal data is read for a case: name it in the header X-Case."""


class GrantRequired(Refused):
    """This field opens only under an access grant that is open for this person and this actor."""


class BadInput(Refused):
    """An argument has a value that cannot be accepted."""

    def __init__(self, argument: str, problem: str | None = None, **extensions: object) -> None:
        super().__init__(argument=argument, **extensions)
        if problem is not None:
            self.message = f"{self.message[:-1]}: {problem}."


class CardNumberRefused(Refused):
    """Something that looks like a full card number stood in an argument: it was not stored, and must not be sent."""


class Underage(Refused):
    """Nothing is stored about somebody known to be under 13."""


class UnknownPurpose(Refused):
    """There is no such purpose: what is not a purpose cannot be consented to, or done."""


class PurposeNotRefusable(Refused):
    """A contract or a law needs this purpose: it cannot be opted out of, and needs no consent."""


class SubjectNotFound(Refused):
    """Nobody is known by that name."""


class SubjectAmbiguous(Refused):
    """The names given fit several people; nothing was done."""


class SubjectErased(Refused):
    """This person is erased, or being erased."""


class NotFound(Refused):
    """There is nothing by that id that this caller may use."""


class StateConflict(Refused):
    """The deed does not fit the state that its object is in."""


class IdentityUnverified(Refused):
    """The person's identity is not proved yet."""


class TooManyAttempts(Refused):
    """There were too many attempts; ask for a new code."""


class QueryTooLarge(Refused):
    """The operation is larger than the limits allow."""


class GraphqlInvalid(Refused):
    """The document does not parse, or does not fit the schema."""


class Unavailable(Refused):
    """A part that this answer needs is not available: nothing was done, try again."""

    def __init__(self, **extensions: object) -> None:
        super().__init__(retryable=True, **extensions)


class Internal(Refused):
    """Something went wrong on our side; the log has more under this id."""
