"""The letters, a function each: it is told what happened and gives what its templates say."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailers.message import EmailContent, Envelope, Sender, build_message
from mailers.transport import Mail
from models.consent import unsubscribe_links
from models.delivery.claims import ClaimedEmail
from models.encryption.keyring import Keyring
from models.outbox.emails import CONTEXT_FIELDS, EmailKind

EventData = Mapping[str, Any]

TEMPLATE_DIRECTORY: Final = Path(__file__).parent / "templates"
_TEXT: Final = Environment(  # noqa: S701 -- plain text and headers, where an escape would be read as it stands
    loader=FileSystemLoader(TEMPLATE_DIRECTORY),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HTML: Final = Environment(
    loader=FileSystemLoader(TEMPLATE_DIRECTORY),
    undefined=StrictUndefined,
    auto_reload=False,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_KINDS: Final = {"ERASURE": "to erase your personal data"}
_DENIALS: Final = {
    "SUSPECTED_FRAUD": "we have reason to believe that it was not you who asked",
    "INSUFFICIENT_VERIFICATION": "we could not make sure that it was you who asked",
    "NO_MATCH": "we hold nothing that belongs to you",
    "CLAIM_NOT_COVERED": "the law does not cover what you asked for",
    "OUTSIDE_JURISDICTION": "the law that gives this right does not apply to you",
    "TOO_MANY_REQUESTS": "you asked for the same thing a short time ago",
    "OTHER": "we could not do what you asked for",
}


class EmailTemplate(NamedTuple):
    """A letter that there is: when it is written, how it is told, and what it might say."""

    when: str
    told: Callable[[EventData], dict[str, Any]]
    example: EventData


def identity_code(says: EventData) -> dict[str, Any]:
    """Give a code that proves that the person reads this address."""
    return {"code": says["code"], "until": _minute(says["expires_at"])}


def request_received(says: EventData) -> dict[str, Any]:
    """Say what the person asked for, and by when they have an answer (Art. 12(3) GDPR)."""
    return {
        "wish": _KINDS.get(says["kind"], "about your personal data"),
        "received": _day(says["received_at"]),
        "due": _day(says["due_at"]),
    }


def opted_out(says: EventData) -> dict[str, Any]:
    """Confirm an opt-out."""
    return {"purposes": says["purposes"], "is_everything": says["is_everything"]}


def consent_granted(says: EventData) -> dict[str, Any]:
    """Confirm a consent, and say how to take it back (Art. 7(3) GDPR)."""
    return {"purpose": says["purpose"]}


def details_corrected(says: EventData) -> dict[str, Any]:
    """Tell the person, at the old and the new address, that something was put right."""
    return {"changed": [_CHANGES[change] for change in says["changed"]]}


def erasure_scheduled(says: EventData) -> dict[str, Any]:
    """Say when the person is erased, and how to stop it."""
    return {"execute": _minute(says["execute_at"])}


def erasure_done(says: EventData) -> dict[str, Any]:
    """Say that it is done, and when the last backup is gone."""
    return {"completed": _day(says["completed_at"]), "backups_clear": _day(says["backups_clear_at"])}


def erasure_denied(says: EventData) -> dict[str, Any]:
    """Say why, and where to complain (Art. 12(4) GDPR)."""
    return {"reason": _DENIALS.get(says["reason"], _DENIALS["OTHER"])}


_CHANGES: Final = {
    "name": "your name",
    "country": "your country",
    "address_added": "a mail address was added",
    "address_removed": "a mail address was taken away",
    "primary_address": "the mail address that we write to",
}

EMAIL_TEMPLATES: Final[Mapping[EmailKind, EmailTemplate]] = {
    EmailKind.IDENTITY_CODE: EmailTemplate(
        "a person asks for something that needs proof of who they are",
        identity_code,
        {"code": "482913", "expires_at": "2027-01-31T12:15:00+00:00"},
    ),
    EmailKind.REQUEST_RECEIVED: EmailTemplate(
        "a request reaches us",
        request_received,
        {"kind": "ERASURE", "received_at": "2027-01-31T12:00:00+00:00", "due_at": "2027-02-28T12:00:00+00:00"},
    ),
    EmailKind.OPTED_OUT: EmailTemplate(
        "a person opts out", opted_out, {"purposes": ["Newsletter", "Product announcements"], "is_everything": False}
    ),
    EmailKind.CONSENT_GRANTED: EmailTemplate(
        "a person agrees to something", consent_granted, {"purpose": "Newsletter"}
    ),
    EmailKind.DETAILS_CORRECTED: EmailTemplate(
        "a person's details are put right", details_corrected, {"changed": ["name", "address_added"]}
    ),
    EmailKind.ERASURE_SCHEDULED: EmailTemplate(
        "an erasure begins its cooling-off time", erasure_scheduled, {"execute_at": "2027-02-03T12:00:00+00:00"}
    ),
    EmailKind.ERASURE_DONE: EmailTemplate(
        "a person is erased everywhere",
        erasure_done,
        {"completed_at": "2027-02-03T12:05:00+00:00", "backups_clear_at": "2027-08-05T12:05:00+00:00"},
    ),
    EmailKind.ERASURE_DENIED: EmailTemplate(
        "an erasure is denied", erasure_denied, {"reason": "INSUFFICIENT_VERIFICATION"}
    ),
}
if EMAIL_TEMPLATES.keys() != set(EmailKind) or any(
    EMAIL_TEMPLATES[name].example.keys() != CONTEXT_FIELDS[name] for name in EmailKind
):
    raise SystemExit("mailers/emails.py and models/outbox/emails.py differ")


def render_email(name: EmailKind, says: EventData, sender: Sender, unsubscribe: str | None = None) -> EmailContent:
    """Put a letter into words."""
    return render_templates(name, EMAIL_TEMPLATES[name].told(says), sender, unsubscribe)


def render_templates(name: str, says: EventData, sender: Sender, unsubscribe: str | None = None) -> EmailContent:
    """Fill the templates of one folder."""
    told = {
        **says,
        "sender": sender.address.display_name or sender.address.addr_spec,
        "contact": (sender.reply_to or sender.address).addr_spec,
        "unsubscribe": unsubscribe,
    }
    return EmailContent(
        subject=_TEXT.get_template(f"{name}/subject.txt").render(told).strip(),
        text=_TEXT.get_template(f"{name}/body.txt").render(told).strip() + "\n",
        html=_HTML.get_template(f"{name}/body.html").render(told).strip() + "\n",
    )


def build_email(sender: Sender, keyring: Keyring, letter: ClaimedEmail) -> Mail:
    """Make a claimed letter ready to go."""
    row = letter.row
    link = unsubscribe_links.build_url(keyring, sender.public_url, row.subject_id, row.purpose) if row.purpose else None
    envelope = Envelope(row.letter, row.message_id, letter.address, row.posted_at, link)
    return build_message(sender, envelope, render_email(EmailKind(row.letter), letter.context, sender, link))


def _day(text: str) -> str:
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%B %Y}"


def _minute(text: str) -> str:
    return f"{_day(text)}, {datetime.fromisoformat(text):%H:%M} UTC"
