"""Transports talk to a real mail server that misbehaves on order, and say exactly what may have been accepted."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from mailers.smtp import Smtp, dot_stuff
from mailers.transport import DeliveryRejected, DeliveryUnconfirmed, TransportUnavailable
from tests.mailers.fake_smtp import FakeSmtpServer, Fault, serve
from tests.mailers.transports import MAIL, sent, transport_to

pytestmark = pytest.mark.anyio


async def test_a_letter_arrives_as_it_was_written(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        assert await sent(transport) == 250
        await transport.close()
    [letter] = server.accepted
    assert (letter.sender, letter.recipient, letter.octets) == (MAIL.sender, MAIL.recipient, MAIL.body)


async def test_many_letters_share_a_transport_to(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        for _ in range(5):
            await sent(transport)
        await transport.close()
    assert (len(server.accepted), server.connections) == (5, 1)


@pytest.mark.parametrize(
    ("command", "answer", "is_permanent", "is_about_address"),
    [
        ("MAIL", "451 4.7.1 greylisted", False, False),
        ("MAIL", "550 5.7.1 not you", False, False),
        ("RCPT", "450 4.2.0 greylisted, come back later", False, False),
        ("RCPT", "550 5.1.1 no such user", True, True),
        ("RCPT", "550 no such user", True, True),
        ("RCPT", "550 5.7.1 relaying denied", True, False),
        ("DATA", "451 4.3.0 try again", False, False),
        ("DATA", "554 5.6.0 not this letter", True, False),
        ("DATA", "550 5.1.1 no such user after all", True, True),
    ],
)
async def test_a_no_says_what_it_is_about_and_the_connection_goes_on(
    anyio_backend: str, command: str, answer: str, *, is_permanent: bool, is_about_address: bool
) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        server.order(command, answer)
        with pytest.raises(DeliveryRejected) as refused:
            await sent(transport)
        rejection = refused.value
        assert (rejection.code, rejection.is_permanent, rejection.is_about_address) == (
            int(answer[:3]),
            is_permanent,
            is_about_address,
        )
        assert await sent(transport) == 250
        await transport.close()
    assert (len(server.accepted), server.connections) == (1, 1)


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("misdeed", [Fault.HANG_UP, Fault.HALF_A_LINE, Fault.STALL, Fault.BABBLE, "421 bye"])
async def test_before_the_letter_is_handed_over_nothing_is_in_doubt(
    anyio_backend: str, command: str, misdeed: Fault | str
) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port, timeout=0.3)
        server.order(command, misdeed)
        with pytest.raises(TransportUnavailable):
            await sent(transport)
        server.orders.clear()
        assert isinstance(transport, Smtp)
        transport.reply_timeout = transport.data_timeout = 30
        assert await sent(transport) == 250
        await transport.close()
    assert len(server.accepted) == 1


@pytest.mark.parametrize("misdeed", [Fault.HANG_UP, Fault.HALF_A_LINE, Fault.STALL, Fault.BABBLE])
async def test_silence_after_the_letter_is_doubt(anyio_backend: str, misdeed: Fault) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port, timeout=60)
        server.order("DATA", misdeed)
        await transport.send_envelope(MAIL)
        if misdeed is Fault.STALL:
            assert isinstance(transport, Smtp)
            transport.reply_timeout = transport.data_timeout = 0.3
        with pytest.raises(DeliveryUnconfirmed):
            await transport.send_data(MAIL)
        await transport.close()


async def test_a_letter_that_was_accepted_without_a_word_is_in_doubt(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        server.order("DATA", Fault.ACCEPT_AND_HANG_UP)
        await transport.send_envelope(MAIL)
        with pytest.raises(DeliveryUnconfirmed):
            await transport.send_data(MAIL)
    assert len(server.accepted) == 1


@pytest.mark.parametrize(
    "recipient",
    [
        "user@example.com>\r\nRCPT TO:<other@example.org",
        "user\n@example.com",
        "user\x00@example.com",
        "us\u2028er@example.com",
        "ü..user@example.com",
    ],
)
async def test_an_address_that_would_be_a_command_reaches_no_server(anyio_backend: str, recipient: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        with pytest.raises(DeliveryRejected) as refused:
            await sent(transport, MAIL._replace(recipient=recipient))
        assert (refused.value.is_permanent, refused.value.is_about_address) == (True, False)
        assert await sent(transport) == 250
        await transport.close()
    assert server.addresses() == [MAIL.recipient]


async def test_a_connection_that_was_closed_meanwhile_is_opened_again(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        await sent(transport)
        server.order("MAIL", Fault.HANG_UP)
        assert await sent(transport) == 250
        await transport.close()
    assert (len(server.accepted), server.connections) == (2, 2)


async def test_an_offer_can_be_withdrawn(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        await transport.send_envelope(MAIL)
        await transport.reset()
        other = MAIL._replace(recipient="other@example.com")
        await sent(transport, other)
        await transport.close()
    assert server.addresses() == ["other@example.com"]


async def test_nobody_at_the_port_is_no_letters_fault(anyio_backend: str) -> None:
    async with serve(FakeSmtpServer()) as port:
        pass
    with pytest.raises(TransportUnavailable) as unreachable:
        await sent(transport_to(port))
    assert not unreachable.value.counts_attempt


class Certificate:
    """A certificate that signs itself, for one IP address."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        at = datetime.now(UTC)
        signed = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(at - timedelta(hours=1))
            .not_valid_after(at + timedelta(hours=1))
            .add_extension(names, critical=False)
            .sign(key, hashes.SHA256())
        )
        self.path = folder / "certificate.pem"
        self.path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        secret = folder / "key.pem"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.path, secret)


async def test_starttls_is_demanded_by_default(tmp_path: Path) -> None:
    server = FakeSmtpServer()
    certificate = Certificate(tmp_path)
    async with serve(server) as port:
        with pytest.raises(TransportUnavailable):
            await sent(transport_to(port, ""))
    async with serve(server, tls=certificate.context, require_starttls=True) as port:
        with pytest.raises(TransportUnavailable):
            await sent(transport_to(port, ""))
        transport = transport_to(port, f"ca={certificate.path}")
        assert await sent(transport) == 250
        await transport.close()
    assert len(server.accepted) == 1


async def test_tls_from_the_start(tmp_path: Path) -> None:
    server = FakeSmtpServer()
    certificate = Certificate(tmp_path)
    async with serve(server, tls=certificate.context, implicit=True) as port:
        with pytest.raises(TransportUnavailable):
            await sent(transport_to(port, "", scheme="smtps"))
        transport = transport_to(port, f"ca={certificate.path}", scheme="smtps")
        assert await sent(transport) == 250
        await transport.close()


@pytest.mark.parametrize("implicit", [True, False])
async def test_a_certificate_of_somebody_else_is_refused(tmp_path: Path, *, implicit: bool) -> None:
    server = FakeSmtpServer()
    certificate = Certificate(tmp_path, "127.0.0.2")
    async with serve(server, tls=certificate.context, implicit=implicit) as port:
        transport = transport_to(port, f"ca={certificate.path}", scheme="smtps" if implicit else "smtp")
        with pytest.raises(TransportUnavailable):
            await sent(transport)
    assert server.accepted == []


async def test_a_server_without_tls_is_logged_once_with_the_reason_and_the_target(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port, "starttls=required")
        with capture_logs() as lines:
            for _ in range(3):
                with pytest.raises(TransportUnavailable, match="offers no STARTTLS"):
                    await sent(transport)
        assert await sent(transport_to(port)) == 250
    assert lines == [
        {
            "event": "component unavailable",
            "log_level": "warning",
            "target": f"mail server 127.0.0.1:{port}",
            "problem": "the server offers no STARTTLS, which PRIVACY_SMTP_URL requires",
        }
    ]


async def test_opportunistic_takes_what_there_is(tmp_path: Path) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port, "starttls=opportunistic")
        assert await sent(transport) == 250
        await transport.close()


async def test_user_and_password_go_over_tls(tmp_path: Path) -> None:
    server = FakeSmtpServer()
    certificate = Certificate(tmp_path)
    async with serve(server, tls=certificate.context, auth_required=True, authenticator=server.authenticate) as port:
        for password, is_right in (("open%20sesame", True), ("wrong", False)):
            transport = transport_to(port, f"ca={certificate.path}", login=f"privacy%40example.org:{password}@")
            if is_right:
                assert await sent(transport) == 250
            else:
                with pytest.raises(TransportUnavailable) as unreachable, capture_logs() as lines:
                    await sent(transport)
                assert not unreachable.value.counts_attempt
                assert [(line["problem"], line["reply"]) for line in lines] == [("SMTPAuthenticationError", 535)]
                assert "wrong" not in str(lines)
            await transport.close()
    assert server.logins[0] == (b"privacy@example.org", b"open sesame")


async def test_addresses_of_other_scripts(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    international = MAIL._replace(recipient="användare@exämple.se")
    async with serve(server) as port:
        transport = transport_to(port)
        await sent(transport, MAIL._replace(recipient="user@exämple.se"))
        await sent(transport, international)
        await transport.close()
    assert server.addresses() == ["user@xn--exmple-cua.se", "användare@exämple.se"]
    async with serve(server, smtputf8=False) as port:
        transport = transport_to(port)
        with pytest.raises(DeliveryRejected) as refused:
            await sent(transport, international)
        assert refused.value.is_permanent
        assert not refused.value.is_about_address
        await transport.close()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n..b\r\n", b"a\r\n..\r\n...b\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
    ],
)
def test_dots_are_stuffed(body: bytes, expected: bytes) -> None:
    assert dot_stuff(body) == expected


async def test_a_letter_that_is_being_handed_over_can_be_given_up(anyio_backend: str) -> None:
    server = FakeSmtpServer()
    async with serve(server) as port:
        transport = transport_to(port)
        assert isinstance(transport, Smtp)
        server.order("DATA", Fault.STALL)
        await transport.send_envelope(MAIL)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(transport.send_data(MAIL), 0.2)
        await transport.close()
