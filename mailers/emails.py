"""The emails to people: their templates, example data, rendering and messages."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailers import email_contexts, request_emails
from mailers.direction import isolate
from mailers.disclosure_emails import forced_disclosure, incident_notice, policy_changed
from mailers.email_contexts import EventData
from mailers.message import EmailContent, Envelope, Sender, build_message
from mailers.transport import Mail
from models.consent import unsubscribe_links
from models.delivery.claims import ClaimedEmail
from models.encryption.keyring import Keyring
from models.outbox.emails import CONTEXT_FIELDS, EmailKind

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


class EmailTemplate(NamedTuple):
    """A kind of email: when it is sent, the function that builds its context, example data, and variants of these."""

    when: str
    build_context: Callable[[EventData], dict[str, Any]]
    example: EventData
    variants: Mapping[str, EventData] = {}


_REQUEST: Final = {"kind": "COMPLAINT", "received_at": "2027-01-31T12:00:00+00:00"}
"""An example of a request."""

EMAIL_TEMPLATES: Final[Mapping[EmailKind, EmailTemplate]] = {
    EmailKind.IDENTITY_CODE: EmailTemplate(
        "a person asks for something that needs proof of who they are",
        email_contexts.identity_code,
        {"code": "7KQM4TXH", "expires_at": "2027-01-31T12:15:00+00:00"},
    ),
    EmailKind.REQUEST_RECEIVED: EmailTemplate(
        "a request reaches us",
        email_contexts.request_received,
        {
            "kind": "ERASURE",
            "reason": "REQUESTED",
            "received_at": "2027-01-31T12:00:00+00:00",
            "due_at": "2027-02-28T12:00:00+00:00",
        },
        {reason.lower(): {"reason": reason} for reason in email_contexts.ERASURE_WORDS if reason != "REQUESTED"}
        | {kind.lower(): {"kind": kind, "reason": None} for kind in request_emails.REQUESTS if kind != "ERASURE"},
    ),
    EmailKind.OPTED_OUT: EmailTemplate(
        "a person opts out",
        email_contexts.opted_out,
        {"purposes": ["Newsletter", "Product announcements"], "is_everything": False},
        {"everything": {"purposes": [], "is_everything": True}},
    ),
    EmailKind.CONSENT_GRANTED: EmailTemplate(
        "a person agrees to something",
        email_contexts.consent_granted,
        {"purpose": "Newsletter", "withdraws_objection": False},
        {"objection": {"purpose": "Protection from fraud", "withdraws_objection": True}},
    ),
    EmailKind.DETAILS_CORRECTED: EmailTemplate(
        "a person's details are put right", email_contexts.details_corrected, {"changed": ["name", "address_added"]}
    ),
    EmailKind.ERASURE_SCHEDULED: EmailTemplate(
        "an erasure begins its cooling-off time",
        email_contexts.erasure_scheduled,
        {"reason": "REQUESTED", "execute_at": "2027-02-03T12:00:00+00:00"},
        {reason.lower(): {"reason": reason} for reason in email_contexts.ERASURE_WORDS if reason != "REQUESTED"},
    ),
    EmailKind.ERASURE_DONE: EmailTemplate(
        "a person is erased everywhere",
        email_contexts.erasure_done,
        {"completed_at": "2027-02-03T12:05:00+00:00", "backups_clear_at": "2027-08-05T12:05:00+00:00"},
    ),
    EmailKind.ERASURE_DENIED: EmailTemplate(
        "an erasure is denied",
        email_contexts.erasure_denied,
        {"reason": "INSUFFICIENT_VERIFICATION", "erasure_reason": "REQUESTED"},
        {reason.lower(): {"reason": reason} for reason in email_contexts.DENIAL_REASONS}
        | {
            reason.lower(): {"reason": "OTHER", "erasure_reason": reason}
            for reason in email_contexts.ERASURE_WORDS
            if reason != "REQUESTED"
        },
    ),
    EmailKind.ERASURE_CANCELLED: EmailTemplate(
        "an erasure that was announced is cancelled",
        email_contexts.erasure_cancelled,
        {"cancelled_at": "2027-02-01T12:00:00+00:00"},
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
        partial(request_emails.request_denied, denials=email_contexts.DENIAL_REASONS),
        _REQUEST | {"kind": "ACCESS", "reason": "INSUFFICIENT_VERIFICATION"},
        {
            reason.lower(): {"reason": reason}
            for reason in email_contexts.DENIAL_REASONS
            if reason != "INSUFFICIENT_VERIFICATION"
        }
        | {kind.lower(): {"kind": kind} for kind in request_emails.REQUESTS if kind not in {"ACCESS", "ERASURE"}},
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
                "lines": [{"name": "Example Prints", "address": "1 Example Street, Oakland", "categories": ["CONTACT"]}]
            }
        },
    ),
    EmailKind.EXPORT_READY: EmailTemplate(
        "an export is ready to be fetched",
        request_emails.export_ready,
        {"kind": "ACCESS", "token": "AZKrZ2n0", "expires_at": "2027-02-14T12:00:00+00:00"},
        {"portability": {"kind": "PORTABILITY"}},
    ),
    EmailKind.POLICY_CHANGED: EmailTemplate(
        "a new version of the privacy policy is published, to everybody",
        policy_changed,
        {"effective_on": "2027-03-01", "url": "https://www.example.com/privacy", "purposes": []},
        {"asked_again": {"purposes": ["Newsletter", "Usage statistics"]}},
    ),
    EmailKind.FORCED_DISCLOSURE: EmailTemplate(
        "data about a person had to be disclosed",
        forced_disclosure,
        {
            "ground": "LEGAL_PROCESS",
            "authority": "District Court of Seattle",
            "categories": ["CONTACT", "SYNC_METADATA"],
            "disclosed_at": "2027-01-31T12:00:00+00:00",
        },
        {"emergency": {"ground": "EMERGENCY"}},
    ),
    EmailKind.INCIDENT_NOTICE: EmailTemplate(
        "an incident affects a person",
        incident_notice,
        {
            "kind": "UNAUTHORISED_READ",
            "categories": ["CONTACT", "PROFILE"],
            "consequences": "Strangers may write to you and know your name.",
            "measures": "We withdrew the access. Do not open links in mail that you did not expect.",
            "aware_at": "2027-01-31T12:00:00+00:00",
        },
        {"lost": {"kind": "LOSS"}},
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
        **isolate(context),
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
