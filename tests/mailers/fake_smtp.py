"""A real mail server (aiosmtpd) that notes what it accepts, and misbehaves on order."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import Enum
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

STRICT = default.clone(raise_on_defect=True)


class Fault(Enum):
    """One deviation of the server from the protocol."""

    STALL = "it does not answer"
    HANG_UP = "it closes the connection"
    HALF_A_LINE = "it closes the connection within its answer"
    ACCEPT_AND_HANG_UP = "it accepts, and closes the connection instead of saying so"
    BABBLE = "it answers what is no answer"


class AcceptedEmail(NamedTuple):
    """A letter that the server took: its envelope, its octets, and when it took it."""

    sender: str
    recipient: str
    octets: bytes
    at: float

    @property
    def message(self) -> EmailMessage:
        """Return the email, parsed by a parser that raises at every defect."""
        return message_from_bytes(self.octets, policy=STRICT)


class FakeSmtpServer:
    """The server's side: ``orders`` holds for each command what happens instead, in turn."""

    def __init__(self) -> None:
        self.orders: dict[str, list[Fault | str]] = {}
        self.accepted: list[AcceptedEmail] = []
        self.connections = 0
        self.logins: list[tuple[bytes, bytes]] = []
        self.delay = 0.0
        self.when_offered: Callable[[str], None] = lambda _: None
        """Hears the address of each letter when it is offered."""
        self.released = asyncio.Event()
        self.may_answer = asyncio.Event()
        """Messages are accepted only while it is set."""
        self.may_answer.set()

    def order(self, command: str, *misdeeds: Fault | str) -> None:
        """Set the deviation at the next of these commands; a string is an answer."""
        self.orders.setdefault(command, []).extend(misdeeds)

    def addresses(self) -> list[str]:
        return [letter.recipient for letter in self.accepted]

    async def _obey(self, command: str, server: SMTP, envelope: Envelope) -> str | None:
        waiting = self.orders.get(command)
        misdeed = waiting.pop(0) if waiting else None
        transport: Any = server.transport
        match misdeed:
            case Fault.STALL:
                await self.released.wait()
            case Fault.HANG_UP:
                transport.abort()
            case Fault.HALF_A_LINE:
                transport.write(b"25")
                transport.close()
            case Fault.ACCEPT_AND_HANG_UP:
                self._take(envelope)
                transport.abort()
            case Fault.BABBLE:
                return "what?"
            case str():
                return misdeed
        return None

    def _take(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        self.accepted.append(AcceptedEmail(str(envelope.mail_from), envelope.rcpt_tos[0], content, time.time()))

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd's own names and words
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        refused = await self._obey("EHLO", server, envelope)
        return [refused] if refused else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = await self._obey("MAIL", server, envelope)
        if refused:
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        refused = await self._obey("RCPT", server, envelope)
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        self.when_offered(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        refused = await self._obey("DATA", server, envelope)
        if refused:
            return refused
        if server.transport is None or server.transport.is_closing():
            return "451 closed"
        await self.may_answer.wait()
        if self.delay:
            await asyncio.sleep(self.delay)
        self._take(envelope)
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth: Any
    ) -> AuthResult:
        self.logins.append((auth.login, auth.password))
        return AuthResult(success=auth.password == b"open sesame", handled=False)


@asynccontextmanager
async def serve(
    server: FakeSmtpServer,
    *,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    smtputf8: bool = True,
    **options: Any,
) -> AsyncIterator[int]:
    """Serve on loopback, in this event loop. Yield the port."""

    def protocol() -> SMTP:
        return SMTP(
            server,
            hostname="mail.example.org",
            loop=asyncio.get_running_loop(),
            enable_SMTPUTF8=smtputf8,
            tls_context=None if implicit else tls,
            **options,
        )

    server.released = asyncio.Event()
    listener = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        server.released.set()
        server.may_answer.set()
        listener.close()
        await listener.wait_closed()
