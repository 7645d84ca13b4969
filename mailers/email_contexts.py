"""The contexts of the emails to people: one function for each kind builds it from the event data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from mailers import request_emails
from mailers.dates import day, minute
from models.erasure.retention import RetainedRow
from models.erasure.scope import currently_retained
from models.retention.grounds import RetentionGround

EventData = Mapping[str, Any]


class _ErasureWords(NamedTuple):
    """What the emails about an erasure say, by the reason of the erasure."""

    title: str
    opening: str
    closing: str
    cause: str
    objection: str


_ANSWER: Final = "We will have finished by {due}. If you think that this is a mistake, please write to us."
_MISTAKE: Final = "If you think that this is a mistake, answer this letter before then. After that it cannot be undone."
ERASURE_WORDS: Final = {
    "REQUESTED": _ErasureWords(
        "We have your request",
        "On {received} you asked us to erase your personal data. We are working on it.",
        "You will have our answer by {due}. If it was not you who asked, please write to us.",
        "You asked us to erase your personal data.",
        "Until then you can change your mind: just answer this letter. After that it cannot be undone.",
    ),
    "CONSENT_WITHDRAWN": _ErasureWords(
        "We will erase your data",
        "On {received} we began the erasure of your personal data, because you withdrew your consent to its use.",
        _ANSWER,
        "You withdrew your consent to the use of your personal data.",
        _MISTAKE,
    ),
    "UNLAWFUL": _ErasureWords(
        "We will erase your data",
        "On {received} we found that we hold personal data about you that we may not keep. We will erase it.",
        _ANSWER,
        "We hold personal data about you that we may not keep.",
        _MISTAKE,
    ),
    "UNDERAGE": _ErasureWords(
        "We have stopped using your data",
        "On {received} we learned that this address may belong to a child under 13. We keep no data of children under "
        "13. We have stopped using what we hold, and we will erase it unless this is a mistake.",
        "We will have finished by {due}. If this is a mistake, or if you look after the child and have a question, "
        "please write to us.",
        "We hold personal data with this address, which may belong to a child under 13.",
        _MISTAKE,
    ),
}
_GROUNDS: Final = {
    RetentionGround.LEGAL_OBLIGATION: "the law requires us to be able to prove it",
    RetentionGround.LEGAL_CLAIM: "for legal claims",
    RetentionGround.PUBLISHED_BY_SUBJECT: "you published it",
}
DENIAL_REASONS: Final = {
    "SUSPECTED_FRAUD": "we have reason to believe that it was not you who asked",
    "INSUFFICIENT_VERIFICATION": "we could not make sure that it was you who asked",
    "NO_MATCH": "we hold nothing that belongs to you",
    "CLAIM_NOT_COVERED": "the law does not cover what you asked for",
    "OUTSIDE_JURISDICTION": "the law that gives this right does not apply to you",
    "TOO_MANY_REQUESTS": "you asked for the same thing a short time ago",
    "OTHER": "the reason is particular to your case, and we will explain it if you write to us",
}
_DENIALS_UNREQUESTED: Final = {
    "SUSPECTED_FRAUD": "we have reason to believe that the report behind it was false",
    "INSUFFICIENT_VERIFICATION": "we could not confirm the report behind it",
    "NO_MATCH": "we hold nothing that belongs to you",
    "CLAIM_NOT_COVERED": "we found that we may keep it",
    "OTHER": "we found no ground to erase it",
}
"""Reasons of the denial of an erasure that the person did not request."""


def identity_code(event: EventData) -> dict[str, Any]:
    """Return the context of a code that proves access to this address."""
    return {"code": event["code"], "until": minute(event["expires_at"])}


def request_received(event: EventData) -> dict[str, Any]:
    """Return why a request was opened, and the date by which it is answered (Art. 12(3) GDPR)."""
    words = ERASURE_WORDS.get(event.get("reason") or "REQUESTED", ERASURE_WORDS["REQUESTED"])
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
    words = ERASURE_WORDS.get(event.get("reason", "REQUESTED"), ERASURE_WORDS["REQUESTED"])
    return {"cause": words.cause, "execute": minute(event["execute_at"]), "objection": words.objection}


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
    if event.get("erasure_reason", "REQUESTED") == "REQUESTED":
        reason = DENIAL_REASONS.get(event["reason"], DENIAL_REASONS["OTHER"])
        opening = f"You asked us to erase your personal data. We have not done so: {reason}."
        return {"title": "About your request to erase your data", "opening": opening}
    reason = _DENIALS_UNREQUESTED.get(event["reason"], _DENIALS_UNREQUESTED["OTHER"])
    opening = f"We wrote that we would erase your personal data. We have not done so: {reason}."
    return {"title": "About the erasure of your data", "opening": opening}


def erasure_cancelled(event: EventData) -> dict[str, Any]:
    """Return the time at which an erasure was cancelled that an earlier email announced."""
    return {"cancelled": minute(event["cancelled_at"])}


_CHANGES: Final = {
    "name": "Your name was changed.",
    "country": "Your country was changed.",
    "address_added": "An email address was added.",
    "address_removed": "An email address was removed.",
    "primary_address": "The email address that we write to was changed.",
}
