"""The interface of mail transports, and the errors that tell whether an email may have been accepted."""

from typing import NamedTuple, Protocol


class Mail(NamedTuple):
    """A message in its SMTP envelope."""

    sender: str
    recipient: str
    message_id: str
    body: bytes


class TransportUnavailable(Exception):  # noqa: N818 -- named for the condition, as in RFC 5321
    """The mail server cannot be reached, or closed the connection. The email was not accepted."""

    def __init__(self, problem: str, *, counts_attempt: bool = True) -> None:
        super().__init__(problem)
        self.counts_attempt = counts_attempt
        """Whether the connection failed while this email was sent; otherwise the email is not the cause."""


class DeliveryRejected(Exception):  # noqa: N818
    """The mail server rejected this email with a reply code. The email was not accepted."""

    def __init__(self, code: int, *, is_permanent: bool, is_about_address: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_permanent = is_permanent
        self.is_about_address = is_about_address


class DeliveryUnconfirmed(Exception):  # noqa: N818
    """The whole email was transmitted and no reply arrived. The email may have been accepted."""


class Transport(Protocol):
    """A connection that sends one email after another: ``send_envelope``, then ``send_data`` or ``reset``."""

    async def send_envelope(self, mail: Mail) -> None:
        """Send sender and recipient. Raise TransportUnavailable or DeliveryRejected."""

    async def send_data(self, mail: Mail) -> int:
        """Send the message. Return the reply code.

        Raise TransportUnavailable, DeliveryRejected or DeliveryUnconfirmed.
        """

    async def reset(self) -> None:
        """Abort the transaction that ``send_envelope`` began."""

    async def close(self) -> None:
        """Close the connection."""
