"""The words of emails about requests that are no erasures: one function for each kind builds its template context."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from mailers.dates import day, minute
from mailers.disclosure_emails import category_words

EventData = Mapping[str, Any]


class RequestWords(NamedTuple):
    """What a person asked for, by the kind of the request: as a clause, and what a completion and a denial report."""

    clause: str
    done: str
    denied: str = "We have not done so"


REQUESTS: Final = {
    "ERASURE": RequestWords("to erase your personal data", "We have erased it."),
    "ACCESS": RequestWords("for a copy of your personal data", "It is ready.", "We have not sent it"),
    "PORTABILITY": RequestWords(
        "for the personal data that you gave us, to take it along", "It is ready.", "We have not sent it"
    ),
    "RECTIFICATION": RequestWords(
        "to correct your personal data", "We have dealt with it: what was wrong is corrected."
    ),
    "RESTRICTION": RequestWords(
        "to restrict the use of your personal data",
        "We have done so: we keep your data, but use it for nothing until the restriction is lifted.",
    ),
    "OBJECTION": RequestWords(
        "to stop a use of your personal data", "We have recorded your objection and stopped that use."
    ),
    "COMPLAINT": RequestWords(
        "to look into a complaint about the use of your personal data",
        "We have looked into it and have given you our answer.",
    ),
    "ENQUIRY": RequestWords("about the use of personal data", "We have given you our answer.", "We do not answer this"),
    "CA_DIRECT_MARKETING_DISCLOSURE": RequestWords(
        "which personal data we gave to others for their direct marketing",
        "The report is on its way to you.",
        "We do not answer this",
    ),
}
"""What a person asked for. Each clause follows "you asked us"."""

AUTHORITIES: Final = {
    "GDPR": "the data protection supervisory authority of the country in which you live or work, or in which you think "
    "that the law was broken (Art. 77 GDPR)",
    "UK_GDPR": "the Information Commissioner (ICO), ico.org.uk (Art. 77 UK GDPR)",
    "SWISS_FADP": "the Federal Data Protection and Information Commissioner, edoeb.admin.ch (Art. 49 FADP)",
    "CCPA": "the California Privacy Protection Agency, cppa.ca.gov, or the Attorney General of your state",
    "OTHER": "the data protection authority of the country in which you live",
}
"""Where a person may complain about the answer to a complaint, by the regime that applies."""

_EXTENSIONS: Final = {
    "COMPLEXITY": "because your request is complex",
    "NUMBER_OF_REQUESTS": "because of the number of requests that we have to answer",
}


def opening_of(kind: str) -> str:
    """Return the sentence that confirms the receipt of a request; ``{received}`` stands for its day."""
    return f"On {{received}} you asked us {REQUESTS[kind].clause}. We are working on it."


def request_extended(event: EventData) -> dict[str, Any]:
    """Return the new deadline of a request and the reason of its extension (Art. 12(3) GDPR)."""
    return _summary(event) | {"until": day(event["until"]), "reason": _EXTENSIONS[event["reason"]]}


def request_completed(event: EventData) -> dict[str, Any]:
    """Return what was done. The answer to a complaint names the supervisory authority (Art. 77 GDPR)."""
    authority = AUTHORITIES[event["regime"]] if event["kind"] == "COMPLAINT" else None
    return _summary(event) | {"done": REQUESTS[event["kind"]].done, "authority": authority}


def request_denied(event: EventData, denials: Mapping[str, str]) -> dict[str, Any]:
    """Return the reason of a denial; the email states the right to complain (Art. 12(4) GDPR)."""
    reason = denials.get(event["reason"], denials["OTHER"])
    return _summary(event) | {"denied": REQUESTS[event["kind"]].denied, "reason": reason}


def request_cancelled(event: EventData) -> dict[str, Any]:
    """Return when a request was cancelled."""
    return _summary(event) | {"cancelled": minute(event["cancelled_at"])}


def california_report(event: EventData) -> dict[str, Any]:
    """Return the disclosures to third parties for their direct marketing in a year (Cal. Civ. Code 1798.83)."""
    lines = [line | {"categories": category_words(line["categories"])} for line in event["lines"]]
    return {"year": event["year"], "lines": lines}


def export_ready(event: EventData) -> dict[str, Any]:
    """Return the link to an export, and the last day on which it works."""
    return {
        "title": "Your data is ready" if event["kind"] == "ACCESS" else "The data that you gave us is ready",
        "token": event["token"],
        "expires": day(event["expires_at"]),
    }


def _summary(event: EventData) -> dict[str, Any]:
    return {"asked": REQUESTS[event["kind"]].clause, "received": day(event["received_at"])}
