"""The emails to people: one function for each kind builds the context of its templates from the event data."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailers import request_emails
from mailers.dates import day, minute
from mailers.message import EmailContent, Envelope, Sender, build_message
from mailers.transport import Mail
from models.consent import unsubscribe_links
from models.delivery.claims import ClaimedEmail
from models.encryption.keyring import Keyring
from models.erasure.retention import RetainedRow, RetentionGround
from models.erasure.scope import currently_retained
from models.outbox.emails import CONTEXT_FIELDS, EmailKind

EventData = Mapping[str, Any]

TEMPLATE_DIRECTORY: Final = Path(__file__).parent / "templates"
_TEXT: Final = Environment(  # noqa: S701 -- plain text and headers, in which HTML escapes would be visible
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


class _ErasureWords(NamedTuple):
    """What the emails about an erasure say, by the reason of the erasure."""

    title: str
    opening: str
    closing: str
    objection: str


_ANSWER: Final = "We will have finished by {due}. If you think that this is a mistake, please write to us."
_MISTAKE: Final = "If you think that this is a mistake, answer this letter before then. After that it cannot be undone."
_ERASURES: Final = {
    "REQUESTED": _ErasureWords(
        "We have your request",
        "On {received} you asked us to erase your personal data. We are working on it.",
        "You will have our answer by {due}. If it was not you who asked, please write to us.",
        "Until then you can change your mind: just answer this letter. After that it cannot be undone.",
    ),
    "CONSENT_WITHDRAWN": _ErasureWords(
        "We will erase your data",
        "On {received} we began the erasure of your personal data, because you withdrew your consent to its use.",
        _ANSWER,
        _MISTAKE,
    ),
    "UNLAWFUL": _ErasureWords(
        "We will erase your data",
        "On {received} we found that we hold personal data about you that we may not keep. We will erase it.",
        _ANSWER,
        _MISTAKE,
    ),
    "UNDERAGE": _ErasureWords(
        "We will erase your data",
        "On {received} we learned that this address may belong to a child under 13. We keep no data of children, so we "
        "will erase what we hold.",
        _ANSWER,
        _MISTAKE,
    ),
}
_GROUNDS: Final = {
    RetentionGround.LEGAL_OBLIGATION: "the law requires us to be able to prove it",
    RetentionGround.LEGAL_CLAIM: "for legal claims",
    RetentionGround.PUBLISHED_BY_SUBJECT: "you published it",
}
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
    """A kind of email: when it is sent, the function that builds its context, example data, and variants of these."""

    when: str
    build_context: Callable[[EventData], dict[str, Any]]
    example: EventData
    variants: Mapping[str, EventData] = {}


def identity_code(event: EventData) -> dict[str, Any]:
    """Return the context of a code that proves access to this address."""
    return {"code": event["code"], "until": minute(event["expires_at"])}


def request_received(event: EventData) -> dict[str, Any]:
    """Return why a request was opened, and the date by which it is answered (Art. 12(3) GDPR)."""
    words = _ERASURES.get(event.get("reason") or "REQUESTED", _ERASURES["REQUESTED"])
    if event["kind"] != "ERASURE":
        words = words._replace(opening=request_emails.opening_of(event["kind"]))
    return {
        "title": words.title,
        "opening": words.opening.format(received=day(event["received_at"])),
        "closing": words.closing.format(due=day(event["due_at"])),
    }


def opted_out(event: EventData) -> dict[str, Any]:
    """Return the purposes of an opt-out."""
    return {"purposes": event["purposes"], "is_everything": event["is_everything"]}


def consent_granted(event: EventData) -> dict[str, Any]:
    """Return the purpose of a consent or of a withdrawn objection; the email explains how to reverse it."""
    if event.get("withdraws_objection"):
        title, opening = "You have withdrawn your objection", "You no longer object to this:"
        return {"title": title, "opening": opening, "purpose": event["purpose"], "reversal": "object again here"}
    title, opening = "Thank you for agreeing", "You have agreed to this:"
    return {"title": title, "opening": opening, "purpose": event["purpose"], "reversal": "take it back here"}


def details_corrected(event: EventData) -> dict[str, Any]:
    """Return the details that were corrected."""
    return {"changed": [_CHANGES[change] for change in event["changed"]]}


def erasure_scheduled(event: EventData) -> dict[str, Any]:
    """Return the time of a scheduled erasure, and how to cancel it."""
    words = _ERASURES.get(event.get("reason", "REQUESTED"), _ERASURES["REQUESTED"])
    return {"execute": minute(event["execute_at"]), "objection": words.objection}


def erasure_done(event: EventData) -> dict[str, Any]:
    """Return the dates of an erasure, and what is kept after it: on which ground, and until when (Art. 17(3) GDPR)."""
    erased_on = datetime.fromisoformat(event["completed_at"]).date()
    return {
        "completed": day(event["completed_at"]),
        "backups_clear": day(event["backups_clear_at"]),
        "kept": [_kept(row) for row in currently_retained(erased_on, erased_on)],
    }


def _kept(row: RetainedRow) -> str:
    until = f"until {row.until.day} {row.until:%B %Y}" if row.until else "without a fixed end"
    return f"{row.what} ({_GROUNDS[row.ground]}, {until})"


def erasure_denied(event: EventData) -> dict[str, Any]:
    """Return the reason of a denial; the email states the right to complain (Art. 12(4) GDPR)."""
    reason = _DENIALS.get(event["reason"], _DENIALS["OTHER"])
    if event.get("erasure_reason", "REQUESTED") == "REQUESTED":
        opening = f"You asked us to erase your personal data. We have not done so: {reason}."
        return {"title": "About your request to erase your data", "opening": opening}
    opening = f"We wrote that we would erase your personal data. We have not done so: {reason}."
    return {"title": "About the erasure of your data", "opening": opening}


def erasure_cancelled(event: EventData) -> dict[str, Any]:
    """Return the time at which an erasure was cancelled that an earlier email announced."""
    return {"cancelled": minute(event["cancelled_at"])}


_CHANGES: Final = {
    "name": "your name",
    "country": "your country",
    "address_added": "a mail address was added",
    "address_removed": "a mail address was taken away",
    "primary_address": "the mail address that we write to",
}

_REQUEST: Final = {"kind": "COMPLAINT", "received_at": "2027-01-31T12:00:00+00:00"}
"""An example of a request."""

EMAIL_TEMPLATES: Final[Mapping[EmailKind, EmailTemplate]] = {
    EmailKind.IDENTITY_CODE: EmailTemplate(
        "a person asks for something that needs proof of who they are",
        identity_code,
        {"code": "7KQM4TXH", "expires_at": "2027-01-31T12:15:00+00:00"},
    ),
    EmailKind.REQUEST_RECEIVED: EmailTemplate(
        "a request reaches us",
        request_received,
        {
            "kind": "ERASURE",
            "reason": "REQUESTED",
            "received_at": "2027-01-31T12:00:00+00:00",
            "due_at": "2027-02-28T12:00:00+00:00",
        },
        {reason.lower(): {"reason": reason} for reason in _ERASURES if reason != "REQUESTED"}
        | {kind.lower(): {"kind": kind, "reason": None} for kind in request_emails.REQUESTS if kind != "ERASURE"},
    ),
    EmailKind.OPTED_OUT: EmailTemplate(
        "a person opts out",
        opted_out,
        {"purposes": ["Newsletter", "Product announcements"], "is_everything": False},
        {"everything": {"purposes": [], "is_everything": True}},
    ),
    EmailKind.CONSENT_GRANTED: EmailTemplate(
        "a person agrees to something",
        consent_granted,
        {"purpose": "Newsletter", "withdraws_objection": False},
        {"objection": {"purpose": "Protection from fraud", "withdraws_objection": True}},
    ),
    EmailKind.DETAILS_CORRECTED: EmailTemplate(
        "a person's details are put right", details_corrected, {"changed": ["name", "address_added"]}
    ),
    EmailKind.ERASURE_SCHEDULED: EmailTemplate(
        "an erasure begins its cooling-off time",
        erasure_scheduled,
        {"reason": "REQUESTED", "execute_at": "2027-02-03T12:00:00+00:00"},
        {"unlawful": {"reason": "UNLAWFUL"}},
    ),
    EmailKind.ERASURE_DONE: EmailTemplate(
        "a person is erased everywhere",
        erasure_done,
        {"completed_at": "2027-02-03T12:05:00+00:00", "backups_clear_at": "2027-08-05T12:05:00+00:00"},
    ),
    EmailKind.ERASURE_DENIED: EmailTemplate(
        "an erasure is denied",
        erasure_denied,
        {"reason": "INSUFFICIENT_VERIFICATION", "erasure_reason": "REQUESTED"},
        {"unlawful": {"reason": "OTHER", "erasure_reason": "UNLAWFUL"}},
    ),
    EmailKind.ERASURE_CANCELLED: EmailTemplate(
        "an erasure that was announced is cancelled", erasure_cancelled, {"cancelled_at": "2027-02-01T12:00:00+00:00"}
    ),
    EmailKind.REQUEST_EXTENDED: EmailTemplate(
        "the deadline of a request is extended",
        request_emails.request_extended,
        _REQUEST | {"kind": "ERASURE", "until": "2027-04-28T12:00:00+00:00", "reason": "COMPLEXITY"},
        {"number": {"kind": "ACCESS", "reason": "NUMBER_OF_REQUESTS"}},
    ),
    EmailKind.REQUEST_COMPLETED: EmailTemplate(
        "a request that is answered by hand is completed",
        request_emails.request_completed,
        _REQUEST | {"regime": "GDPR"},
        {kind.lower(): {"kind": kind} for kind in ("RECTIFICATION", "RESTRICTION", "OBJECTION", "ENQUIRY")}
        | {regime.lower(): {"regime": regime} for regime in request_emails.AUTHORITIES if regime != "GDPR"},
    ),
    EmailKind.REQUEST_DENIED: EmailTemplate(
        "a request is denied",
        partial(request_emails.request_denied, denials=_DENIALS),
        _REQUEST | {"kind": "ACCESS", "reason": "INSUFFICIENT_VERIFICATION"},
        {reason.lower(): {"reason": reason} for reason in _DENIALS if reason != "INSUFFICIENT_VERIFICATION"},
    ),
    EmailKind.REQUEST_CANCELLED: EmailTemplate(
        "a request is cancelled",
        request_emails.request_cancelled,
        _REQUEST | {"kind": "ACCESS", "cancelled_at": "2027-02-01T12:00:00+00:00"},
    ),
    EmailKind.CALIFORNIA_REPORT: EmailTemplate(
        "a disclosure of direct marketing is answered",
        request_emails.california_report,
        {"year": 2026, "lines": []},
        {
            "disclosures": {
                "lines": [{"name": "Example Prints", "address": "1 Example Street, Oakland", "categories": "contact"}]
            }
        },
    ),
    EmailKind.EXPORT_READY: EmailTemplate(
        "an export is ready to be fetched",
        request_emails.export_ready,
        {"kind": "ACCESS", "token": "AZKrZ2n0", "expires_at": "2027-02-14T12:00:00+00:00"},
        {"portability": {"kind": "PORTABILITY"}},
    ),
}
if EMAIL_TEMPLATES.keys() != set(EmailKind) or any(
    EMAIL_TEMPLATES[name].example.keys() != CONTEXT_FIELDS[name] for name in EmailKind
):
    raise SystemExit("mailers/emails.py and models/outbox/emails.py differ")


def render_email(kind: EmailKind, event: EventData, sender: Sender, unsubscribe: str | None = None) -> EmailContent:
    """Return the content of an email for this event data."""
    return render_templates(kind, EMAIL_TEMPLATES[kind].build_context(event), sender, unsubscribe)


def render_templates(
    folder: str, context: Mapping[str, Any], sender: Sender, unsubscribe: str | None = None
) -> EmailContent:
    """Return the rendered templates of one folder."""
    variables = {
        **context,
        "sender": sender.company_name,
        "postal_address": sender.postal_address,
        "public_url": sender.public_url,
        "contact": sender.contact,
        "unsubscribe": unsubscribe,
    }
    return EmailContent(
        subject=_TEXT.get_template(f"{folder}/subject.txt").render(variables).strip(),
        text=_TEXT.get_template(f"{folder}/body.txt").render(variables).strip() + "\n",
        html=_HTML.get_template(f"{folder}/body.html").render(variables).strip() + "\n",
    )


def build_email(sender: Sender, keyring: Keyring, email: ClaimedEmail) -> Mail:
    """Return the message of a claimed email."""
    row = email.row
    link = unsubscribe_links.build_url(keyring, sender.public_url, row.subject_id, row.purpose) if row.purpose else None
    envelope = Envelope(row.letter, row.message_id, email.address, row.posted_at, link)
    return build_message(sender, envelope, render_email(EmailKind(row.letter), email.context, sender, link))
