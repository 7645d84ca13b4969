"""Transports: how a letter leaves. Over SMTP to a mail server, or into a Maildir that any mail reader opens."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException
from email_validator import validate_email

ANSWER: Final = 30.0
"""Seconds that a mail server may take for an answer."""
VERDICT: Final = 60.0
"""Seconds that a mail server may take to accept or refuse a whole letter."""
LETTERS_A_CONNECTION: Final = 200
STARTTLS: Final = {"required": True, "opportunistic": None, "never": False}
FORM: Final = (
    "PRIVACY_SMTP_URL is smtp://USER:PASSWORD@HOST:PORT?starttls=required (or opportunistic, never), "
    "smtps://USER:PASSWORD@HOST:PORT, or maildir:DIRECTORY; ca=FILE names a certificate authority of your own"
)
_PERMANENT: Final = 500
_GO_AHEAD: Final = 354
_ACCEPTED: Final = 250
_CLOSING: Final = 421


class Mail(NamedTuple):
    """A letter in its envelope."""

    sender: str
    recipient: str
    message_id: str
    body: bytes


class Unreachable(Exception):  # noqa: N818 -- it says what the matter is
    """The mail server cannot be talked to, or stopped talking: no letter was handed over."""

    def __init__(self, problem: str, *, met_letter: bool = True) -> None:
        super().__init__(problem)
        self.met_letter = met_letter
        """Whether it stopped at this letter; otherwise the letter has no part in it."""


class Declined(Exception):  # noqa: N818
    """The mail server said no to this letter: it was not accepted."""

    def __init__(self, code: int, *, is_permanent: bool, is_about_address: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_permanent = is_permanent
        self.is_about_address = is_about_address


class Unanswered(Exception):  # noqa: N818
    """The whole letter was handed over and no answer came: it may have been accepted."""


class Transport(Protocol):
    """A road for one letter after another. ``offer`` comes first, then ``deliver``, or ``withdraw``."""

    async def offer(self, mail: Mail) -> None:
        """Say who writes to whom. Unreachable, or Declined."""

    async def deliver(self, mail: Mail) -> int:
        """Hand the letter over; give the reply's code. Unreachable, Declined, or Unanswered."""

    async def withdraw(self) -> None:
        """Take an offer back."""

    async def close(self) -> None:
        """Say good-bye."""


class Smtp:
    """One connection to a mail server (RFC 5321), opened when it is needed and used for many letters."""

    def __init__(
        self, client: Callable[[], aiosmtplib.SMTP], *, answer: float = ANSWER, verdict: float = VERDICT
    ) -> None:
        self._make = client
        self._answer = answer
        self._verdict = verdict
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0

    async def offer(self, mail: Mail) -> None:
        if self._client is not None and self._used >= LETTERS_A_CONNECTION:
            await self.close()
        if self._client is not None and self._client.is_connected:
            try:
                await self._envelope(self._client, mail)
            except Unreachable:
                pass  # It was closed while nothing was sent on it; a fresh one decides.
            else:
                return
        self._abandon()
        self._client, self._used = self._make(), 0
        try:
            await self._client.connect(timeout=self._answer)
        except (SMTPException, OSError, TimeoutError, ValueError) as problem:
            self._abandon()
            raise Unreachable(type(problem).__name__, met_letter=False) from None
        await self._envelope(self._client, mail)

    async def _envelope(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        self._used += 1
        recipient, options, encoding = mail.recipient, ["BODY=8BITMIME"], "ascii"
        try:
            if client.is_ehlo_or_helo_needed:
                await client.ehlo(timeout=self._answer)
            if not client.supports_extension("8bitmime"):
                options = []
            if not recipient.isascii():
                checked = validate_email(recipient, check_deliverability=False, globally_deliverable=False)
                if checked.ascii_email:
                    recipient = checked.ascii_email
                elif client.supports_extension("smtputf8"):
                    options, encoding = [*options, "SMTPUTF8"], "utf-8"
                else:
                    raise Declined(553, is_permanent=True)
            await client.mail(mail.sender, options=options, encoding=encoding, timeout=self._answer)
            await client.rcpt(recipient, encoding=encoding, timeout=self._answer)
        except aiosmtplib.SMTPRecipientRefused as refused:
            await self._after(refused.code)
            permanent = refused.code >= _PERMANENT
            raise Declined(
                refused.code,
                is_permanent=permanent,
                is_about_address=permanent and not refused.message.startswith(("5.3.", "5.4.", "5.7.")),
            ) from None
        except aiosmtplib.SMTPSenderRefused as refused:
            # What is wrong with the sender is ours to put right, and may be by the next try.
            await self._after(refused.code)
            raise Declined(refused.code, is_permanent=False) from None
        except (SMTPException, OSError, TimeoutError) as problem:
            self._abandon()
            raise Unreachable(type(problem).__name__) from None

    async def deliver(self, mail: Mail) -> int:
        client = self._client
        if client is None or client.protocol is None:
            raise Unreachable("closed")
        try:
            code, _ = await client.execute_command(b"DATA", timeout=self._answer)
        except (SMTPException, OSError, TimeoutError) as problem:
            self._abandon()
            raise Unreachable(type(problem).__name__) from None
        if code != _GO_AHEAD:
            await self._after(code)
            raise Declined(code, is_permanent=code >= _PERMANENT)
        try:
            # The letter is written and its verdict read apart from DATA: only from here on can it have been accepted.
            protocol = client.protocol
            if protocol is None:
                raise Unreachable("closed")
            protocol.write(stuffed(mail.body))
            code, message = await protocol.read_response(timeout=self._verdict)
        except (SMTPException, OSError, TimeoutError) as problem:
            self._abandon()
            raise Unanswered(type(problem).__name__) from None
        if code == _ACCEPTED:
            return code
        if code == _CLOSING:
            self._abandon()
        raise Declined(code, is_permanent=code >= _PERMANENT, is_about_address=message.startswith("5.1."))

    async def withdraw(self) -> None:
        await self._after(_ACCEPTED)

    async def _after(self, code: int) -> None:
        """Make the connection ready for the next letter; Unreachable when the server is closing it."""
        if self._client is None or code == _CLOSING:
            self._abandon()
            raise Unreachable(str(code))
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


def stuffed(body: bytes) -> bytes:
    """Give a letter as DATA wants it (RFC 5321, 4.5.2): a dot before each leading dot, and a dot alone at the end."""
    lines = body.removesuffix(b"\r\n").split(b"\r\n")
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"


class Maildir:
    """A directory of letters, one a file, as any mail reader opens it. A letter delivered twice is there once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def offer(self, mail: Mail) -> None:
        """Do nothing: a directory takes letters to anybody."""

    async def deliver(self, mail: Mail) -> int:
        try:
            await asyncio.to_thread(self._write, mail)
        except OSError as problem:
            raise Unreachable(type(problem).__name__, met_letter=False) from None
        return _ACCEPTED

    async def withdraw(self) -> None:
        """Do nothing: there is nothing to take back."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _write(self, mail: Mail) -> None:
        places = {name: self._directory / name for name in ("tmp", "new", "cur")}
        for place in places.values():
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = mail.message_id.strip("<>").partition("@")[0]
        if any(places["cur"].glob(f"{name}*")):
            return
        written = places["tmp"] / name
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(mail.body)
            file.flush()
            os.fsync(file.fileno())
        written.replace(places["new"] / name)
        folder = os.open(places["new"], os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def transport_of(url: str, ehlo: str, *, answer: float = ANSWER, verdict: float = VERDICT) -> Callable[[], Transport]:
    """Give what makes transports for a URL; ValueError with a sentence when it is malformed.

    ``ehlo`` is what we call ourselves when we greet a mail server.
    """
    parts = urlsplit(url)
    if parts.scheme == "maildir" and parts.path and not parts.netloc:
        return lambda: Maildir(Path(parts.path))
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(FORM)
    options = _options(parts)
    starttls = STARTTLS[options.get("starttls", "required")]

    def client() -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or (465 if parts.scheme == "smtps" else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            local_hostname=ehlo,
            timeout=answer,
            use_tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else starttls,
            cert_bundle=options.get("ca"),
        )

    return lambda: Smtp(client, answer=answer, verdict=verdict)


def _options(parts: SplitResult) -> dict[str, str]:
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    try:
        known = parts.port is None or parts.port > 0
    except ValueError:
        known = False
    if not known or options.keys() - {"starttls", "ca"} or options.get("starttls", "never") not in STARTTLS:
        raise ValueError(FORM)
    return options
