"""Letters go through a mail server that others wrote: OpenSMTPD takes them and relays them to ours."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailers.emails import EMAIL_TEMPLATES, render_email
from mailers.message import Envelope, Sender, build_message
from mailers.transport import DeliveryRejected
from mailers.transport_factory import create_transport_factory
from models.outbox.emails import EmailKind
from models.storage.clock import now
from tests.mailers.fake_smtp import FakeSmtpServer, serve

SMTPD = Path("/usr/sbin/smtpd")
SENDER = Sender.read("Privacy <privacy@example.org>", None, "https://privacy.example.org")
CONFIGURATION = """
listen on 127.0.0.1 port {port} hostname mail.example.org
action onwards relay host "smtp://127.0.0.1:{server}" helo mail.example.org
match from any for domain "example.com" action onwards
"""

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        os.geteuid() != 0 or not SMTPD.exists() or Path("/var/run/smtpd.sock").exists(),
        reason="OpenSMTPD is not installed, needs root, or serves this machine already: tests/install-peers.sh",
    ),
    pytest.mark.xdist_group("opensmtpd"),
]


@contextlib.asynccontextmanager
async def relaying(folder: Path, server: int) -> AsyncIterator[int]:
    """Run OpenSMTPD on loopback for as long as this is open; return its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = folder / "smtpd.conf"
    place.write_text(CONFIGURATION.format(port=port, server=server))
    place.chmod(0o600)
    process = await asyncio.create_subprocess_exec(
        SMTPD, "-d", "-f", place, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        await process.communicate()


async def test_opensmtpd_takes_every_letter_and_passes_it_on_unharmed(tmp_path: Path) -> None:
    server = FakeSmtpServer()
    async with serve(server) as there, relaying(tmp_path, there) as port:
        transport = create_transport_factory(f"smtp://127.0.0.1:{port}?starttls=never", "example.org")()
        for number, name in enumerate(EmailKind):
            words = render_email(
                name, EMAIL_TEMPLATES[name].example, SENDER, "https://privacy.example.org/u/" + "A" * 130
            )
            link = "https://privacy.example.org/u/" + "A" * 130
            envelope = Envelope(name, f"<let_{number}@example.org>", "user@example.com", now(), link)
            mail = build_message(SENDER, envelope, words)
            await transport.send_envelope(mail)
            assert await transport.send_data(mail) == 250
        with pytest.raises(DeliveryRejected) as refused:
            await transport.send_envelope(mail._replace(recipient="user@elsewhere.example"))
        assert refused.value.is_permanent
        await transport.close()
        async with asyncio.timeout(60):
            while len(server.accepted) < len(EmailKind):  # noqa: ASYNC110 -- another program relays in its own time
                await asyncio.sleep(0.05)
    arrived = {str(letter.message["Message-ID"]): letter.message for letter in server.accepted}
    assert len(arrived) == len(EmailKind)
    for letter in arrived.values():
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter.get_content_type() == "multipart/alternative"
