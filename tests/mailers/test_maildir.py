"""A Maildir is one that other programs open, and an email is stored once."""

import mailbox
from pathlib import Path

import pytest

from mailers.transport import TransportUnavailable
from mailers.transport_factory import create_transport_factory
from tests.mailers.transports import MAIL, sent

pytestmark = pytest.mark.anyio


async def test_a_maildir_is_one_that_others_open(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "mail"
    transport = create_transport_factory(f"maildir:{place}", "example.org")()
    for _ in range(2):
        assert await sent(transport) == 250
    await sent(transport, MAIL._replace(message_id="<let_2@example.org>"))
    box = mailbox.Maildir(place, create=False)
    assert sorted(letter["Subject"] for letter in box) == ["hello", "hello"]
    assert {path.stat().st_mode & 0o777 for path in (place / "new").iterdir()} == {0o600}
    assert place.joinpath("new").stat().st_mode & 0o777 == 0o700
    assert list(place.joinpath("tmp").iterdir()) == []


async def test_a_letter_that_was_read_is_not_delivered_again(tmp_path: Path) -> None:
    transport = create_transport_factory(f"maildir:{tmp_path}", "example.org")()
    await sent(transport)
    [new] = (tmp_path / "new").iterdir()
    new.rename(tmp_path / "cur" / f"{new.name}:2,S")
    await sent(transport)
    assert len(mailbox.Maildir(tmp_path, create=False)) == 1


async def test_a_maildir_that_cannot_be_written_is_no_letters_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    transport = create_transport_factory(f"maildir:{tmp_path / 'file'}", "example.org")()
    await transport.send_envelope(MAIL)
    with pytest.raises(TransportUnavailable) as unreachable:
        await transport.send_data(MAIL)
    assert not unreachable.value.counts_attempt
