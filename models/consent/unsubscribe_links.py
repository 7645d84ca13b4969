"""One-click unsubscribe links (RFC 8058), each for one subject and one purpose.

A token holds the subject's id, the purpose, and an HMAC of both under a lookup key. Old lookup keys are kept, so a
token never expires and survives rotations of the master key. It holds no address.
"""

import base64
import binascii
import hmac
from typing import Final, NamedTuple
from uuid import UUID

from models.consent import opt_outs, recording
from models.consent.ledger import Channel
from models.encryption.keyring import Keyring
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

HASH_KIND: Final = "unsubscribe"
MAC_LENGTH: Final = 16
ID_LENGTH: Final = 16
MAX_TOKEN_LENGTH: Final = 200
_INVALID: Final = b"\x00" * (ID_LENGTH + MAC_LENGTH)


class LinkToken(NamedTuple):
    """The subject and the purpose of an unsubscribe token."""

    subject_id: UUID
    purpose: str


class MailHeaderRow(NamedTuple):
    """A header of an email."""

    name: str
    value: str


class UnsubscribeLinkRow(NamedTuple):
    """An unsubscribe link and the email headers that carry it."""

    url: str
    headers: list[MailHeaderRow]


def make_token(keyring: Keyring, subject_id: UUID, purpose: str) -> str:
    """Return the token of a subject and a purpose. It is the same each time under the same lookup key."""
    content = subject_id.bytes + purpose.encode()
    return base64.urlsafe_b64encode(content + _macs(keyring, content)[0]).rstrip(b"=").decode()


def verify_token(keyring: Keyring, text: str) -> LinkToken | None:
    """Verify a token; return its content, or None for an invalid one. Every invalid token takes the same time."""
    try:
        raw = base64.b64decode(
            text[:MAX_TOKEN_LENGTH] + "=" * (-len(text[:MAX_TOKEN_LENGTH]) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        raw = _INVALID
    if len(raw) <= ID_LENGTH + MAC_LENGTH or len(text) > MAX_TOKEN_LENGTH:
        raw = _INVALID
    content, mac = raw[:-MAC_LENGTH], raw[-MAC_LENGTH:]
    matches = [hmac.compare_digest(mac, known) for known in _macs(keyring, content)]
    return LinkToken(UUID(bytes=content[:ID_LENGTH]), content[ID_LENGTH:].decode()) if any(matches) else None


def _macs(keyring: Keyring, content: bytes) -> list[bytes]:
    return [hashed.digest[:MAC_LENGTH] for hashed in keyring.lookup_hashes(HASH_KIND, content.hex())]


def build_url(keyring: Keyring, public_url: str, subject_id: UUID, purpose: str) -> str:
    """Return the URL of the page on which a subject opts out of the purpose."""
    return f"{public_url.rstrip('/')}/u/{make_token(keyring, subject_id, purpose)}"


def build_headers(link: str) -> list[MailHeaderRow]:
    """Return the headers for one-click unsubscribing."""
    return [
        MailHeaderRow("List-Unsubscribe", f"<{link}>"),
        MailHeaderRow("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


async def create_unsubscribe_link(
    unit: UnitOfWork, identifier: SubjectIdentifier, purpose: str, public_url: str
) -> UnsubscribeLinkRow:
    """Return the link and the headers for an email that an internal service sends.

    UNKNOWN_PURPOSE; PURPOSE_NOT_REFUSABLE; SUBJECT_NOT_FOUND for an address that no subject has.
    """
    await recording.require_refusable(unit, [purpose], "purpose")
    subject = await resolution.lock(unit, identifier)
    link = build_url(unit.keyring, public_url, subject.subject_id, purpose)
    return UnsubscribeLinkRow(link, build_headers(link))


async def unsubscribe(unit: UnitOfWork, token: LinkToken, *, everything: bool) -> None:
    """Opt the subject out of the token's purpose, or of everything. The web page confirms it, so no email does."""
    identifier = SubjectIdentifier("id", token.subject_id)
    if everything:
        await opt_outs.opt_out_of_all(unit, identifier, Channel.EMAIL, sends_confirmation=False)
    else:
        await opt_outs.opt_out(unit, identifier, [token.purpose], Channel.EMAIL, sends_confirmation=False)
