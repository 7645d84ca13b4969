"""Transports: what a road for letters does, and how it says that it could not."""

from typing import NamedTuple, Protocol


class Mail(NamedTuple):
    """A letter in its envelope."""

    sender: str
    recipient: str
    message_id: str
    body: bytes


class TransportUnavailable(Exception):  # noqa: N818 -- it says what the matter is
    """The mail server cannot be talked to, or stopped talking: no letter was handed over."""

    def __init__(self, problem: str, *, counts_attempt: bool = True) -> None:
        super().__init__(problem)
        self.counts_attempt = counts_attempt
        """Whether it stopped at this letter; otherwise the letter has no part in it."""


class DeliveryRejected(Exception):  # noqa: N818
    """The mail server said no to this letter: it was not accepted."""

    def __init__(self, code: int, *, is_permanent: bool, is_about_address: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_permanent = is_permanent
        self.is_about_address = is_about_address


class DeliveryUnconfirmed(Exception):  # noqa: N818
    """The whole letter was handed over and no answer came: it may have been accepted."""


class Transport(Protocol):
    """A road for one letter after another. ``offer`` comes first, then ``deliver``, or ``withdraw``."""

    async def send_envelope(self, mail: Mail) -> None:
        """Say who writes to whom. Unreachable, or Declined."""

    async def send_data(self, mail: Mail) -> int:
        """Hand the letter over; give the reply's code. Unreachable, Declined, or Unanswered."""

    async def reset(self) -> None:
        """Take an offer back."""

    async def close(self) -> None:
        """Say good-bye."""
