"""A message and a transport to a mail server on this machine, for tests of transports."""

from mailers.transport import Mail, Transport
from mailers.transport_factory import create_transport_factory

MAIL = Mail(
    "privacy@example.org", "user@example.com", "<let_1@example.org>", b"Subject: hello\r\n\r\n.a dot\r\n..two\r\n"
)
PLAIN = "starttls=never"


async def sent(transport: Transport, mail: Mail = MAIL) -> int:
    await transport.send_envelope(mail)
    return await transport.send_data(mail)


def transport_to(
    port: int, options: str = PLAIN, *, scheme: str = "smtp", login: str = "", timeout: float = 5
) -> Transport:
    create = create_transport_factory(
        f"{scheme}://{login}127.0.0.1:{port}?{options}", "example.org", reply_timeout=timeout, data_timeout=timeout
    )
    return create()
