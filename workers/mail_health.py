"""Whether emails can be delivered: the worker's connection to the mail server, and the replies to its emails."""

from typing import Final

from models.storage.outages import outages

MIN_REJECTED: Final = 5
"""Emails that the mail server must reject in a row before it counts as rejecting all."""


class MailHealth:
    """The result of the last attempts to deliver emails, of all loops of a worker."""

    def __init__(self) -> None:
        self._rejected_count = 0
        self._reply_code: int | None = None
        self._problem: str | None = None

    def record_accepted(self) -> None:
        """Record that the mail server accepted an email."""
        self._rejected_count, self._problem = 0, None
        outages.recover("mail delivery")

    def record_rejected(self, code: int) -> None:
        """Record that the mail server rejected an email with a reply code."""
        self._rejected_count += 1
        self._reply_code, self._problem = code, None
        if self._rejected_count >= MIN_REJECTED:
            outages.fail("mail delivery", problem="every letter is rejected", reply=code)

    def record_unavailable(self, problem: str) -> None:
        """Record why the mail server cannot be used, in words without a value."""
        self._problem = problem

    async def require_delivery(self) -> None:
        """Raise LookupError with a sentence while the mail server cannot be used or rejects every email."""
        if self._problem:
            raise LookupError(f"the mail server cannot be used ({self._problem}): check PRIVACY_SMTP_URL")
        if self._rejected_count >= MIN_REJECTED:
            raise LookupError(
                f"the mail server rejected the last {self._rejected_count} letters (reply {self._reply_code}): "
                "see `privacy letters show`"
            )
