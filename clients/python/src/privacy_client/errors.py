"""The exceptions of the client; those of the codes are in ``privacy_client.generated.errors``."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class PrivacyError(Exception):
    """Raised when an operation has errors. Each code of the service has a class of its own."""

    code: ClassVar[str] = ""

    def __init__(self, message: str, errors: Sequence[Mapping[str, Any]] = (), result: Any = None) -> None:
        super().__init__(message)
        self.errors = tuple(errors)
        """All errors of the answer, the first of which this is."""
        self.result = result
        """What the answer has beside the errors."""

    @property
    def extensions(self) -> Mapping[str, Any]:
        """The extensions of the error: its code, and what the code's entry in docs/errors.md lists."""
        extensions: Mapping[str, Any] = (self.errors[0].get("extensions") or {}) if self.errors else {}
        return extensions

    @property
    def path(self) -> tuple[str | int, ...]:
        """Where in the answer the value is missing."""
        return tuple((self.errors[0].get("path") or ()) if self.errors else ())

    @property
    def argument(self) -> str | None:
        """The argument that was refused, dotted for a part of an input."""
        return self.extensions.get("argument")

    @property
    def is_retryable(self) -> bool:
        """Whether nothing was done and the same operation may succeed later."""
        return self.extensions.get("retryable") is True

    @property
    def retry_after_seconds(self) -> float | None:
        """The seconds after which a limit permits the operation again."""
        return self.extensions.get("retryAfterSeconds")


class UnreachableError(PrivacyError):
    """Raised when no answer came. Mutations are idempotent: repeat the operation."""

    @property
    def is_retryable(self) -> bool:
        """Whether the same operation may succeed later: it may."""
        return True


class UnexpectedResponseError(PrivacyError):
    """Raised when an answer is not one of this service."""
