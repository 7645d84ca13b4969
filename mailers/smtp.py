"""SMTP: one connection to a mail server (RFC 5321), used for one letter after another."""

from collections.abc import Callable
from email.utils import parseaddr
from typing import Final

import aiosmtplib
from aiosmtplib import SMTPException
from email_validator import validate_email

from mailers.transport import DeliveryRejected, DeliveryUnconfirmed, Mail, TransportUnavailable

REPLY_TIMEOUT: Final = 30.0
"""Seconds that a mail server may take for an answer."""
DATA_TIMEOUT: Final = 60.0
"""Seconds that a mail server may take to accept or refuse a whole letter."""
MAX_EMAILS_PER_CONNECTION: Final = 200
_PERMANENT: Final = 500
_START_MAIL_INPUT: Final = 354
_ACCEPTED: Final = 250
_SERVICE_CLOSING: Final = 421


class Smtp:
    """One connection to a mail server (RFC 5321), opened when it is needed and used for many letters."""

    def __init__(
        self, client: Callable[[], aiosmtplib.SMTP], *, answer: float = REPLY_TIMEOUT, verdict: float = DATA_TIMEOUT
    ) -> None:
        self._make = client
        self._answer = answer
        self._verdict = verdict
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0

    async def send_envelope(self, mail: Mail) -> None:
        if self._client is not None and self._used >= MAX_EMAILS_PER_CONNECTION:
            await self.close()
        if self._client is not None and self._client.is_connected:
            try:
                await self._envelope(self._client, mail)
            except TransportUnavailable:
                pass  # It was closed while nothing was sent on it; a fresh one decides.
            else:
                return
        self._abandon()
        self._client, self._used = self._make(), 0
        try:
            await self._client.connect(timeout=self._answer)
        except (SMTPException, OSError, TimeoutError, ValueError) as problem:
            self._abandon()
            raise TransportUnavailable(type(problem).__name__, counts_attempt=False) from None
        await self._envelope(self._client, mail)

    async def _envelope(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        self._used += 1
        try:
            if client.is_ehlo_or_helo_needed:
                await client.ehlo(timeout=self._answer)
            recipient, options, encoding = _recipient_options(client, mail.recipient)
            await client.mail(mail.sender, options=options, encoding=encoding, timeout=self._answer)
            await client.rcpt(recipient, encoding=encoding, timeout=self._answer)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await self._after(refused.code)
            permanent = refused.code >= _PERMANENT
            raise DeliveryRejected(
                refused.code,
                is_permanent=permanent,
                is_about_address=permanent and not refused.message.startswith(("5.3.", "5.4.", "5.7.")),
            ) from None
        except aiosmtplib.SMTPSenderRefused as refused:
            # What is wrong with the sender is ours to put right, and may be by the next try.
            await self._after(refused.code)
            raise DeliveryRejected(refused.code, is_permanent=False) from None
        except (SMTPException, OSError, TimeoutError) as problem:
            self._abandon()
            raise TransportUnavailable(type(problem).__name__) from None
        except ValueError:
            # No server is asked about what is no address.
            await self._after(_ACCEPTED)
            raise DeliveryRejected(553, is_permanent=True) from None

    async def send_data(self, mail: Mail) -> int:
        client = self._client
        if client is None or client.protocol is None:
            raise TransportUnavailable("closed")
        try:
            code, _ = await client.execute_command(b"DATA", timeout=self._answer)
        except (SMTPException, OSError, TimeoutError) as problem:
            self._abandon()
            raise TransportUnavailable(type(problem).__name__) from None
        if code != _START_MAIL_INPUT:
            await self._after(code)
            raise DeliveryRejected(code, is_permanent=code >= _PERMANENT)
        try:
            # The letter is written and its verdict read apart from DATA: only from here on can it have been accepted.
            protocol = client.protocol
            if protocol is None:
                raise TransportUnavailable("closed")
            protocol.write(dot_stuff(mail.body))
            code, message = await protocol.read_response(timeout=self._verdict)
        except (SMTPException, OSError, TimeoutError) as problem:
            self._abandon()
            raise DeliveryUnconfirmed(type(problem).__name__) from None
        if code == _ACCEPTED:
            return code
        if code == _SERVICE_CLOSING:
            self._abandon()
        raise DeliveryRejected(code, is_permanent=code >= _PERMANENT, is_about_address=message.startswith("5.1."))

    async def reset(self) -> None:
        await self._after(_ACCEPTED)

    async def _after(self, code: int) -> None:
        """Make the connection ready for the next letter; Unreachable when the server is closing it."""
        if self._client is None or code == _SERVICE_CLOSING:
            self._abandon()
            raise TransportUnavailable(str(code))
        try:
            await self._client.rset(timeout=self._answer)
        except (SMTPException, OSError, TimeoutError):
            self._abandon()

    def _abandon(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    async def close(self) -> None:
        try:
            if self._client is not None and self._client.is_connected:
                await self._client.quit(timeout=2)
        except (SMTPException, OSError, TimeoutError):
            pass
        self._abandon()


def _recipient_options(client: aiosmtplib.SMTP, recipient: str) -> tuple[str, list[str], str]:
    """Give a recipient as this server takes it, with the options and the encoding that it needs.

    Declined when the server takes no such address, ValueError when it is none.
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
        raise ValueError("the client would write to what it takes for the address in it")
    return recipient, options, encoding


def dot_stuff(body: bytes) -> bytes:
    """Give a letter as DATA wants it (RFC 5321, 4.5.2): a dot before each leading dot, and a dot alone at the end."""
    lines = body.removesuffix(b"\r\n").split(b"\r\n")
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"
