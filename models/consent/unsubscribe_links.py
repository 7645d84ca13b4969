"""Unsubscribing with one click (RFC 8058): a link that names a person and a purpose, and holds as long as its letter.

The token is the two names and an HMAC of them under the look-up keys, whose versions are all kept: it survives every
rotation of the master key, holds no address, cannot be guessed, and never expires.
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
    """Who leaves, and what."""

    subject_id: UUID
    purpose: str


class MailHeaderRow(NamedTuple):
    """A header of a letter."""

    name: str
    value: str


class UnsubscribeLinkRow(NamedTuple):
    """A link, and the headers that carry it."""

    url: str
    headers: list[MailHeaderRow]


def make_token(keyring: Keyring, subject_id: UUID, purpose: str) -> str:
    """Give the token of a person and a purpose: always the same one under the same look-up key."""
    named = subject_id.bytes + purpose.encode()
    return base64.urlsafe_b64encode(named + _macs(keyring, named)[0]).rstrip(b"=").decode()


def parse_token(keyring: Keyring, text: str) -> LinkToken | None:
    """Give what a token names; None when it is not one of ours. Takes the same time for every wrong one."""
    try:
        raw = base64.b64decode(
            text[:MAX_TOKEN_LENGTH] + "=" * (-len(text[:MAX_TOKEN_LENGTH]) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        raw = _INVALID
    if len(raw) <= ID_LENGTH + MAC_LENGTH or len(text) > MAX_TOKEN_LENGTH:
        raw = _INVALID
    named, mac = raw[:-MAC_LENGTH], raw[-MAC_LENGTH:]
    matches = [hmac.compare_digest(mac, known) for known in _macs(keyring, named)]
    return LinkToken(UUID(bytes=named[:ID_LENGTH]), named[ID_LENGTH:].decode()) if any(matches) else None


def _macs(keyring: Keyring, named: bytes) -> list[bytes]:
    return [hashed.digest[:MAC_LENGTH] for hashed in keyring.lookup_hashes(HASH_KIND, named.hex())]


def build_url(keyring: Keyring, public_url: str, subject_id: UUID, purpose: str) -> str:
    """Give the address of the page on which a person leaves a purpose."""
    return f"{public_url.rstrip('/')}/u/{make_token(keyring, subject_id, purpose)}"


def build_headers(link: str) -> list[MailHeaderRow]:
    """Give the headers of a letter that a person can leave with one click."""
    return [
        MailHeaderRow("List-Unsubscribe", f"<{link}>"),
        MailHeaderRow("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


async def unsubscribe_link(
    unit: UnitOfWork, name: SubjectIdentifier, purpose: str, public_url: str
) -> UnsubscribeLinkRow:
    """Give what an internal service puts into its own letters.

    UNKNOWN_PURPOSE; PURPOSE_NOT_REFUSABLE; SUBJECT_NOT_FOUND for an address that nobody is registered under.
    """
    await recording.require_refusable(unit, [purpose], "purpose")
    subject = await resolution.lock(unit, name)
    made = build_url(unit.keyring, public_url, subject.subject_id, purpose)
    return UnsubscribeLinkRow(made, build_headers(made))


async def unsubscribe(unit: UnitOfWork, left: LinkToken, *, everything: bool) -> None:
    """Opt the person out of the purpose, or of everything. The page that says so is the answer: no letter is posted."""
    name = SubjectIdentifier("id", left.subject_id)
    if everything:
        await opt_outs.opt_out_of_all(unit, name, Channel.EMAIL, is_confirmed=False)
    else:
        await opt_outs.opt_out(unit, name, [left.purpose], Channel.EMAIL, is_confirmed=False)
