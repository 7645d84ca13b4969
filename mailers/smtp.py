"""The SMTP transport (RFC 5321): one connection to a mail server, reused for several emails."""

from collections.abc import Callable
from email.utils import parseaddr
from typing import Final

import aiosmtplib
from aiosmtplib import SMTPException
from email_validator import validate_email

from mailers.transport import DeliveryRejected, DeliveryUnconfirmed, Mail, TransportUnavailable
from models.storage.outages import outages

REPLY_TIMEOUT: Final = 30.0
"""Seconds in which a mail server must reply to a command."""
DATA_TIMEOUT: Final = 60.0
"""Seconds in which a mail server must reply to the transmitted message."""
MAX_EMAILS_PER_CONNECTION: Final = 200
_PERMANENT: Final = 500
_START_MAIL_INPUT: Final = 354
_ACCEPTED: Final = 250
_SERVICE_CLOSING: Final = 421


class Smtp:
    """A connection to a mail server, opened on demand and replaced after MAX_EMAILS_PER_CONNECTION emails."""

    def __init__(
        self,
        create_client: Callable[[], aiosmtplib.SMTP],
        *,
        reply_timeout: float = REPLY_TIMEOUT,
        data_timeout: float = DATA_TIMEOUT,
    ) -> None:
        self._create_client = create_client
        self.reply_timeout = reply_timeout
        self.data_timeout = data_timeout
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0

    async def send_envelope(self, mail: Mail) -> None:
        if self._client is not None and self._used >= MAX_EMAILS_PER_CONNECTION:
            await self.close()
        if self._client is not None and self._client.is_connected:
            try:
                await self._envelope(self._client, mail)
            except TransportUnavailable:
                pass  # The idle connection was closed: try a new one.
            else:
                return
        self._disconnect()
        self._client, self._used = self._create_client(), 0
        target = f"mail server {self._client.hostname}:{self._client.port}"
        try:
            await self._client.connect(timeout=self.reply_timeout)
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            problem, code = describe_problem(error), getattr(error, "code", None)
            outages.fail(target, problem=problem, reply=code)
            self._disconnect()
            raise TransportUnavailable(f"{problem} {code}" if code else problem, counts_attempt=False) from None
        outages.recover(target)
        await self._envelope(self._client, mail)

    async def _envelope(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        self._used += 1
        try:
            if client.is_ehlo_or_helo_needed:
                await client.ehlo(timeout=self.reply_timeout)
            recipient, options, encoding = _recipient_options(client, mail.recipient)
            await client.mail(mail.sender, options=options, encoding=encoding, timeout=self.reply_timeout)
            await client.rcpt(recipient, encoding=encoding, timeout=self.reply_timeout)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await self._reset_after(refused.code)
            permanent = refused.code >= _PERMANENT
            raise DeliveryRejected(
                refused.code,
                is_permanent=permanent,
                is_about_address=permanent and not refused.message.startswith(("5.3.", "5.4.", "5.7.")),
            ) from None
        except aiosmtplib.SMTPSenderRefused as refused:
            # A rejected sender is an error of this service, which may be fixed before the next attempt.
            await self._reset_after(refused.code)
            raise DeliveryRejected(refused.code, is_permanent=False) from None
        except (SMTPException, OSError, TimeoutError) as problem:
            self._disconnect()
            raise TransportUnavailable(type(problem).__name__) from None
        except ValueError:
            # A malformed address is not sent to the server.
            await self._reset_after(_ACCEPTED)
            raise DeliveryRejected(553, is_permanent=True) from None

    async def send_data(self, mail: Mail) -> int:
        client = self._client
        if client is None or client.protocol is None:
            raise TransportUnavailable("closed")
        try:
            code, _ = await client.execute_command(b"DATA", timeout=self.reply_timeout)
        except (SMTPException, OSError, TimeoutError) as problem:
            self._disconnect()
            raise TransportUnavailable(type(problem).__name__) from None
        if code != _START_MAIL_INPUT:
            await self._reset_after(code)
            raise DeliveryRejected(code, is_permanent=code >= _PERMANENT)
        try:
            # Written separately from DATA, because only from here on the email may have been accepted.
            protocol = client.protocol
            if protocol is None:
                raise TransportUnavailable("closed")
            protocol.write(dot_stuff(mail.body))
            code, message = await protocol.read_response(timeout=self.data_timeout)
        except (SMTPException, OSError, TimeoutError) as problem:
            self._disconnect()
            raise DeliveryUnconfirmed(type(problem).__name__) from None
        if code == _ACCEPTED:
            return code
        if code == _SERVICE_CLOSING:
            self._disconnect()
        raise DeliveryRejected(code, is_permanent=code >= _PERMANENT, is_about_address=message.startswith("5.1."))

    async def reset(self) -> None:
        await self._reset_after(_ACCEPTED)

    async def _reset_after(self, code: int) -> None:
        """Reset the connection for the next email. Raise TransportUnavailable when the server is closing it."""
        if self._client is None or code == _SERVICE_CLOSING:
            self._disconnect()
            raise TransportUnavailable(str(code))
        try:
            await self._client.rset(timeout=self.reply_timeout)
        except (SMTPException, OSError, TimeoutError):
            self._disconnect()

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    async def close(self) -> None:
        try:
            if self._client is not None and self._client.is_connected:
                await self._client.quit(timeout=2)
        except (SMTPException, OSError, TimeoutError):
            pass
        self._disconnect()


def describe_problem(error: Exception) -> str:
    """Return why no connection was opened: the class of the error, or a sentence where the class says too little."""
    if type(error) is SMTPException and "STARTTLS" in str(error):
        return "the server offers no STARTTLS, which PRIVACY_SMTP_URL requires"
    return type(error).__name__


def _recipient_options(client: aiosmtplib.SMTP, recipient: str) -> tuple[str, list[str], str]:
    """Return the recipient in a form that the server supports, with the MAIL options and the encoding it requires.

    Raise DeliveryRejected when the server does not support the address, ValueError when it is malformed.
    """
    options, encoding = ["BODY=8BITMIME"] if client.supports_extension("8bitmime") else [], "ascii"
    if not recipient.isascii():
        checked = validate_email(recipient, check_deliverability=False, globally_deliverable=False)
        if checked.ascii_email:
            recipient = checked.ascii_email
        elif client.supports_extension("smtputf8"):
            options, encoding = [*options, "SMTPUTF8"], "utf-8"
        else:
            raise DeliveryRejected(553, is_permanent=True)
    if parseaddr(recipient)[1] != recipient:
        raise ValueError("the client would parse another address out of the recipient")
    return recipient, options, encoding


def dot_stuff(body: bytes) -> bytes:
    """Return the message in DATA encoding (RFC 5321, 4.5.2): leading dots doubled, and a final line of one dot."""
    lines = body.removesuffix(b"\r\n").split(b"\r\n")
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"
