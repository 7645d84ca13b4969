"""Notices to the privacy officers and to the audit witness: one function for each kind reads the template context."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson

from mailers.emails import render_templates
from mailers.message import Envelope, Sender, build_message
from mailers.transport import Mail
from models.access import access_grants, tokens
from models.audit import case_counts, inclusion_proofs, segments
from models.disclosures.recipients import RecipientRow
from models.erasure import recipient_notices, system_backups
from models.incidents import incidents
from models.incidents.incidents import IncidentState
from models.outbox.staff_notices import StaffNoticeKind, StaffNoticeRow
from models.requests import due_notices, requests
from models.requests.states import OPEN_STATES
from models.storage.clock import now
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection

WAITS = "It does not work yet. If its owner should have it, a privacy officer approves it with approveToken."


async def template_context(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    """Return the template context of a notice, or None when its object no longer exists."""
    return await _CONTEXTS.get(notice.notice, _audit_head)(connection, notice)


async def _access_grant_asked(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    grant = (await access_grants.by_ids(connection, [notice.about]))[notice.about]
    return grant and {
        "actor": grant.actor,
        "minutes": str(grant.minutes),
        "case": grant.case,
        "grant": format_id(Prefix.ACCESS_GRANT, grant.id),
        "person": format_id(Prefix.SUBJECT, grant.subject_id),
    }


async def _people_token_issued(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    token = (await tokens.by_ids(connection, [notice.about]))[notice.about]
    return token and {
        "issuer": await tokens.read_issuer(connection, notice.about),
        "token": format_id(Prefix.TOKEN, token.id),
        "name": token.name,
        "roles": ", ".join(token.roles),
        "expires": f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "never",
        "approval": "It works already." if token.approved_at else WAITS,
    }


async def _case_with_many_people(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    counts = await case_counts.cases_beyond(connection, notice.posted_at, 0)
    count = next((each for each in counts if each.notice_id == notice.about), None)
    return count and {
        "case": count.case,
        "people": str(count.people),
        "actors": ", ".join(count.actors),
        "day": f"{count.day:%Y-%m-%d}",
    }


async def _child_reported(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    request = (await requests.by_ids(connection, [notice.about]))[notice.about]
    return request and {
        "request": format_id(Prefix.RIGHTS_REQUEST, request.id),
        "person": format_id(Prefix.SUBJECT, request.subject_id),
        "received": f"{request.received_at:%Y-%m-%d}",
        "due": f"{request.due_at:%Y-%m-%d}",
    }


async def _recipients_to_notify(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    notified = await recipient_notices.find_recipients(connection, notice.about)
    return notified and {
        "request": format_id(Prefix.RIGHTS_REQUEST, notice.about),
        "person": format_id(Prefix.SUBJECT, notified.subject_id),
        "recipients": "; ".join(map(_described, notified.recipients)),
    }


def _described(recipient: RecipientRow) -> str:
    facts = recipient.name, recipient.address, recipient.country_code, recipient.contract_reference
    return ", ".join(filter(None, facts))


async def _request_due(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    request = (await requests.by_ids(connection, [notice.about]))[notice.about]
    if request is None or request.state not in OPEN_STATES:
        return None
    return {
        "request": format_id(Prefix.RIGHTS_REQUEST, request.id),
        "kind": request.kind,
        "state": request.state,
        "received": f"{request.received_at:%Y-%m-%d}",
        "due": f"{request.deadline:%Y-%m-%d %H:%M} UTC",
    }


async def _audit_head(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    segment = await segments.last_segment(connection)
    return segment and {
        "day": f"{notice.posted_at:%Y-%m-%d}",
        "head": orjson.dumps(inclusion_proofs.serialize(segment)).decode(),
    }


async def _backup_overdue(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    backup = (await system_backups.by_ids(connection, [notice.about]))[notice.about]
    if backup is None or backup.destroyed_at is not None:
        return None
    return {
        "system": backup.system,
        "label": backup.label,
        "backup": format_id(Prefix.BACKUP, backup.id),
        "made": f"{backup.made_at:%Y-%m-%d}",
        "destroy_by": f"{backup.destroy_by:%Y-%m-%d}",
    }


_WITHIN: Final = {
    StaffNoticeKind.INCIDENT_DUE_IN_A_DAY: "within 24 hours",
    StaffNoticeKind.INCIDENT_DUE_IN_HOURS: "within four hours",
}


async def _incident_due(connection: Connection, notice: StaffNoticeRow) -> dict[str, str] | None:
    incident = (await incidents.by_ids(connection, [notice.about]))[notice.about]
    if incident is None or incident.state != IncidentState.OPEN or incident.authority_noticed_at is not None:
        return None
    due_at = incidents.authority_due_at(incident.aware_at)
    return {
        "incident": format_id(Prefix.INCIDENT, incident.id),
        "kind": incident.kind,
        "due": f"{due_at:%Y-%m-%d %H:%M} UTC",
        "when": "is overdue" if due_at <= now() else f"is due {_WITHIN[notice.notice]}",
    }


_CONTEXTS: Final[Mapping[StaffNoticeKind, Callable[[Connection, StaffNoticeRow], Awaitable[dict[str, str] | None]]]] = {
    StaffNoticeKind.ACCESS_GRANT_ASKED: _access_grant_asked,
    StaffNoticeKind.PEOPLE_TOKEN_ISSUED: _people_token_issued,
    **dict.fromkeys(due_notices.KINDS, _request_due),
    StaffNoticeKind.CASE_WITH_MANY_PEOPLE: _case_with_many_people,
    StaffNoticeKind.CHILD_REPORTED: _child_reported,
    StaffNoticeKind.RECIPIENTS_TO_NOTIFY: _recipients_to_notify,
    StaffNoticeKind.BACKUP_OVERDUE: _backup_overdue,
    StaffNoticeKind.INCIDENT_DUE_IN_A_DAY: _incident_due,
    StaffNoticeKind.INCIDENT_DUE_IN_HOURS: _incident_due,
}


def build_notices(sender: Sender, notice: StaffNoticeRow, context: dict[str, str], recipients: list[str]) -> list[Mail]:
    """Return the message of a notice for each recipient."""
    content = render_templates(notice.notice, context, sender)
    return [
        build_message(
            sender,
            Envelope(notice.notice, f"<{notice.id.hex}.{number}@{sender.domain}>", recipient, notice.posted_at),
            content,
        )
        for number, recipient in enumerate(recipients)
    ]
