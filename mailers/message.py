"""Messages: a letter as mail servers and mail readers want it (RFC 5322, 2045 to 2049, 3834, 8058)."""

import re
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import Any, Final, NamedTuple

from mailers.transport import Mail
from models.consent import unsubscribe_links

BOUNDARY: Final = "=_alternative"
"""Stands between text and HTML. Quoted-printable writes every ``=`` as ``=3D``, so no words can hold it (RFC 2045)."""
_UNFOLDED: Final = frozenset(
    {"date", "feedback-id", "list-unsubscribe", "list-unsubscribe-post", "message-id", "mime-version", "to"}
)
_MAX_CLASSES: Final = 100
_CACHED_HEADERS: Final = frozenset(
    {
        "auto-submitted",
        "content-transfer-encoding",
        "content-type",
        "feedback-id",
        "from",
        "list-unsubscribe-post",
        "mime-version",
        "reply-to",
        "subject",
        "x-auto-response-suppress",
    }
)


class _Registry(HeaderRegistry):
    """Makes the class of each header once: the library would make it anew for every header of every letter."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        known = self._classes.get(name.lower())
        if known is None and len(self._classes) < _MAX_CLASSES:
            known = self._classes[name.lower()] = super().__getitem__(name)
        return known or super().__getitem__(name)


class _Policy(EmailPolicy):
    """SMTP's rules; values that are one word are never folded, which would encode them past recognition.

    Headers that are the same in many letters are parsed and folded once.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() in _CACHED_HEADERS and isinstance(value, str):
            return _parsed(name, str(value))
        return super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        if name.lower() in _UNFOLDED:
            return f"{name}: {value}\r\n"
        return _folded(name, value) if name.lower() in _CACHED_HEADERS else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("utf-8" if self.utf8 else "ascii", "surrogateescape")


POLICY: Final = _Policy(linesep=SMTP.linesep, utf8=False, cte_type="7bit", header_factory=_Registry())
INTERNATIONAL: Final = POLICY.clone(utf8=True)


# The library clones the policy for every part that it writes, so these remember nothing of it: what is alike in many
# letters is the same under both.
@lru_cache(maxsize=256)
def _parsed(name: str, value: str) -> tuple[str, Any]:
    return EmailPolicy.header_store_parse(POLICY, name, value)


@lru_cache(maxsize=256)
def _folded(name: str, value: str) -> str:
    return EmailPolicy.fold(POLICY, name, value)


class Sender(NamedTuple):
    """Who writes, and where links lead."""

    address: Address
    reply_to: Address | None
    public_url: str

    @classmethod
    def read(cls, mail_from: str, reply_to: str | None, public_url: str) -> "Sender":
        """Read the settings; ValueError with a sentence when an address is none, or the URL would break a header."""
        if not re.fullmatch(r"https?://[!-~]+", public_url):
            raise ValueError("PRIVACY_PUBLIC_URL is not a URL, such as https://privacy.example.com")
        return cls(
            _address(mail_from, "PRIVACY_MAIL_FROM"),
            _address(reply_to, "PRIVACY_REPLY_TO") if reply_to else None,
            public_url.rstrip("/"),
        )

    @property
    def domain(self) -> str:
        """Give the right-hand side of our Message-IDs, and what we call ourselves when we greet."""
        return self.address.domain.encode("idna").decode()


class EmailContent(NamedTuple):
    """A letter in words."""

    subject: str
    text: str
    html: str


class Envelope(NamedTuple):
    """What a message needs beside its words."""

    letter: str
    message_id: str
    recipient: str
    posted_at: datetime
    unsubscribe: str | None = None
    """Where a person leaves with one click; only letters that a purpose governs have it."""


def build_message(sender: Sender, envelope: Envelope, written: EmailContent) -> Mail:
    """Make a letter ready to go: the same one, to the octet, however often it is made."""
    policy = POLICY if envelope.recipient.rpartition("@")[0].isascii() else INTERNATIONAL
    made = EmailMessage(policy=policy)
    made["From"] = str(sender.address)
    made["To"] = _recipient(envelope.recipient)
    if sender.reply_to:
        made["Reply-To"] = str(sender.reply_to)
    made["Subject"] = " ".join(written.subject.split())
    made["Date"] = format_datetime(envelope.posted_at)
    made["Message-ID"] = envelope.message_id
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made["Feedback-ID"] = f"{envelope.letter}:privacy:{sender.domain}"
    if envelope.unsubscribe:
        for name, value in unsubscribe_links.build_headers(envelope.unsubscribe):
            made[name] = value
    made["MIME-Version"] = "1.0"
    made["Content-Type"] = f'multipart/alternative; boundary="{BOUNDARY}"'
    made.attach(_part(policy, written.text, "plain"))
    made.attach(_part(policy, written.html, "html"))
    return Mail(_spec(sender.address.addr_spec), envelope.recipient, envelope.message_id, made.as_bytes())


def _part(policy: EmailPolicy, body: str, subtype: str) -> Any:
    part = MIMEPart(policy=policy)  # unlike EmailMessage, which the stubs ask for, it adds no MIME-Version of its own
    part.set_content(body, subtype=subtype, cte="quoted-printable")
    return part


def _recipient(address: str) -> Address:
    """Give an address as the header wants it, made of its two parts: a local part of another script is one, too."""
    local, _, domain = _spec(address).rpartition("@")
    if not (local and domain and local.isprintable() and domain.isprintable()):
        raise ValueError("the letter's address is none")
    return Address(username=local, domain=domain)


def _spec(address: str) -> str:
    """Give an address with its domain in ASCII, so that only a local part can need SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"


def _address(text: str, setting: str) -> Address:
    name, spec = parseaddr(text)
    try:
        if not text.isprintable():
            raise ValueError  # noqa: TRY301 -- one sentence for all that is not of the form
        made = Address(display_name=name, addr_spec=_spec(spec))
        if not made.domain:
            raise ValueError  # noqa: TRY301
    except Exception:  # noqa: BLE001 -- the parser raises many kinds
        raise ValueError(f"{setting} is not a mail address, such as Privacy <privacy@example.com>") from None
    return made
