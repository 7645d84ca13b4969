"""Internet messages (RFC 5322, 2045 to 2049, 3834, 8058) built from rendered emails."""

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
"""The boundary of text and HTML. Quoted-printable encodes ``=`` as ``=3D``, so no part can contain it (RFC 2045)."""
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
    """Caches the class of each header, which the library creates again for every header of every message."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        known = self._classes.get(name.lower())
        if known is None and len(self._classes) < _MAX_CLASSES:
            known = self._classes[name.lower()] = super().__getitem__(name)
        return known or super().__getitem__(name)


class _Policy(EmailPolicy):
    """The SMTP policy, with two changes.

    Headers in ``_UNFOLDED`` are never folded, because folding would encode their single word. Headers in
    ``_CACHED_HEADERS``, whose values repeat, are parsed and folded once.
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


# The library clones the policy for every part, so these caches do not depend on it. The cached headers are equal under
# both policies.
@lru_cache(maxsize=256)
def _parsed(name: str, value: str) -> tuple[str, Any]:
    return EmailPolicy.header_store_parse(POLICY, name, value)


@lru_cache(maxsize=256)
def _folded(name: str, value: str) -> str:
    return EmailPolicy.fold(POLICY, name, value)


class Sender(NamedTuple):
    """The sender's addresses, the public URL of links, and the company that every letter names."""

    address: Address
    reply_to: Address | None
    public_url: str
    company_name: str
    contact: str
    postal_address: str | None

    @classmethod
    def read(  # noqa: PLR0913, PLR0917 -- one setting each
        cls,
        mail_from: str,
        reply_to: str | None,
        public_url: str,
        company_name: str | None = None,
        contact: str | None = None,
        postal_address: str | None = None,
    ) -> "Sender":
        """Return the sender of these settings. Raise ValueError for a malformed address or URL."""
        if not re.fullmatch(r"https?://[!-~]+", public_url):
            raise ValueError("PRIVACY_PUBLIC_URL is not a URL, such as https://privacy.example.com")
        address = _address(mail_from, "PRIVACY_MAIL_FROM")
        reply_address = _address(reply_to, "PRIVACY_REPLY_TO") if reply_to else None
        return cls(
            address,
            reply_address,
            public_url.rstrip("/"),
            company_name or address.display_name or address.addr_spec,
            _address(contact, "PRIVACY_COMPANY_CONTACT").addr_spec if contact else (reply_address or address).addr_spec,
            postal_address or None,
        )

    @property
    def domain(self) -> str:
        """Return the domain in ASCII, used in Message-IDs and in EHLO."""
        return self.address.domain.encode("idna").decode()


class EmailContent(NamedTuple):
    """The rendered content of an email."""

    subject: str
    text: str
    html: str


class Envelope(NamedTuple):
    """The values of a message beside its content."""

    letter: str
    message_id: str
    recipient: str
    posted_at: datetime
    unsubscribe: str | None = None
    """The one-click unsubscribe URL (RFC 8058), for emails that a purpose governs."""


def build_message(sender: Sender, envelope: Envelope, content: EmailContent) -> Mail:
    """Return the message. Equal arguments give equal octets."""
    policy = POLICY if envelope.recipient.rpartition("@")[0].isascii() else INTERNATIONAL
    message = EmailMessage(policy=policy)
    message["From"] = str(sender.address)
    message["To"] = _recipient(envelope.recipient)
    if sender.reply_to:
        message["Reply-To"] = str(sender.reply_to)
    message["Subject"] = " ".join(content.subject.split())
    message["Date"] = format_datetime(envelope.posted_at)
    message["Message-ID"] = envelope.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Feedback-ID"] = f"{envelope.letter}:privacy:{sender.domain}"
    if envelope.unsubscribe:
        for name, value in unsubscribe_links.build_headers(envelope.unsubscribe):
            message[name] = value
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f'multipart/alternative; boundary="{BOUNDARY}"'
    message.attach(_part(policy, content.text, "plain"))
    message.attach(_part(policy, content.html, "html"))
    return Mail(_spec(sender.address.addr_spec), envelope.recipient, envelope.message_id, message.as_bytes())


def _part(policy: EmailPolicy, body: str, subtype: str) -> Any:
    part = MIMEPart(policy=policy)  # unlike EmailMessage, which the stubs ask for, it adds no MIME-Version of its own
    part.set_content(body, subtype=subtype, cte="quoted-printable")
    return part


def _recipient(address: str) -> Address:
    """Return an address for the header, built of its two parts, so that a non-ASCII local part is accepted."""
    local, _, domain = _spec(address).rpartition("@")
    if not (local and domain and local.isprintable() and domain.isprintable()):
        raise ValueError("the recipient is not a mail address")
    return Address(username=local, domain=domain)


def _spec(address: str) -> str:
    """Return an address with its domain in ASCII, so that only a local part can require SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"


def _address(text: str, setting: str) -> Address:
    name, spec = parseaddr(text)
    try:
        if not text.isprintable():
            raise ValueError  # noqa: TRY301 -- one message for every malformed address
        address = Address(display_name=name, addr_spec=_spec(spec))
        if not address.domain:
            raise ValueError  # noqa: TRY301
    except Exception:  # noqa: BLE001 -- the parser raises several types
        raise ValueError(f"{setting} is not a mail address, such as Privacy <privacy@example.com>") from None
    return address
