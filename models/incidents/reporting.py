"""Reports of incidents: the people affected are found in the access events, and united with those that are named."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from models.access import tokens
from models.actors import Role
from models.data_categories import DataCategory
from models.errors import BadInput, Forbidden, NotFound, QueryTooLarge, SubjectNotFound
from models.incidents.incidents import IncidentKind
from models.notifications import affected_people
from models.storage import validation
from models.storage.clock import CLOCK_SKEW, now
from models.storage.ids import Prefix, format_id, new_id
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifiers
from models.unit_of_work import UnitOfWork

ACTOR_LENGTH: Final = 200
DEFAULT_PEOPLE_LIMIT: Final = 10_000
"""How many people an incident may affect that SUPPORT or ADMIN report."""

LOCK: Final = Statement("""
SELECT pg_advisory_xact_lock(5303)
""")

SAME: Final = Statement("""
SELECT id
FROM incidents
WHERE kind = :kind
AND aware_at = :aware_at
AND actor IS NOT DISTINCT FROM CAST(:actor AS text)
AND token_id IS NOT DISTINCT FROM CAST(:token_id AS uuid)
AND since IS NOT DISTINCT FROM CAST(:since AS timestamptz)
AND until IS NOT DISTINCT FROM CAST(:until AS timestamptz)
AND categories = CAST(:categories AS text[])
AND reported_by = :reported_by
AND state = 'OPEN'
LIMIT 1
""")

INSERT: Final = Statement("""
INSERT INTO incidents (id, kind, aware_at, actor, token_id, since, until, categories, reported_by)
VALUES (:id, :kind, :aware_at, :actor, :token_id, :since, :until, :categories, :reported_by)
""")

TOKEN: Final = Statement("""
SELECT name, issued_at, revoked_at
FROM tokens
WHERE id = :id
""")

# The people whose data the actor, or anybody, read or changed in the time range. Events of former versions have no
# identity: there the name decides.
ADD_AFFECTED: Final = Statement("""
INSERT INTO affected_people (subject_id, cause_id)
SELECT DISTINCT e.subject_id, CAST(:id AS uuid)
FROM access_events AS e
JOIN subjects AS s ON s.id = e.subject_id
WHERE (CAST(:actor AS text) IS NULL OR e.actor = CAST(:actor AS text))
AND COALESCE(e.actor_identity = CAST(:identity AS text), TRUE)
AND e.at >= COALESCE(CAST(:since AS timestamptz), '-infinity')
AND e.at <= COALESCE(CAST(:until AS timestamptz), 'infinity')
AND e.action <> 'REFUSED'
ON CONFLICT DO NOTHING
""")

COUNT_IDENTITIES: Final = Statement("""
SELECT count(DISTINCT actor_identity)
FROM access_events
WHERE actor = :actor
AND at >= COALESCE(CAST(:since AS timestamptz), '-infinity')
AND at <= COALESCE(CAST(:until AS timestamptz), 'infinity')
""")

COUNT_AFFECTED: Final = Statement("""
SELECT count(*)
FROM affected_people
WHERE cause_id = :id
""")


class IncidentReport(NamedTuple):
    """An incident as a caller reports it."""

    kind: IncidentKind
    aware_at: datetime
    actor: str | None
    token_id: UUID | None
    since: datetime | None
    until: datetime | None
    people: SubjectIdentifiers | None
    categories: Sequence[DataCategory]
    revoke_token: bool


class EventRange(NamedTuple):
    """The access events of an incident. A field that is None matches every event."""

    actor: str | None
    identity: str | None
    since: datetime | None
    until: datetime | None


async def report_incident(unit: UnitOfWork, report: IncidentReport, people_limit: int) -> UUID:
    """Report an incident and find whom it affects. Return its id.

    The same report is one incident while it is open. A repetition adds the people of later access events.
    QUERY_TOO_LARGE when it would affect more than ``people_limit`` people, unless PRIVACY reports it. BAD_INPUT for
    times in the wrong order or in the future, without a category, or to revoke no token; NOT_FOUND for an unknown
    token; SUBJECT_NOT_FOUND with the indexes of unknown people; FORBIDDEN for SUPPORT to revoke a token.
    """
    _require_valid(unit, report)
    actor = validation.optional_line(report.actor, "input.actor", ACTOR_LENGTH)
    events = await _events_of(unit, report, actor)
    values = {
        "kind": str(report.kind),
        "aware_at": report.aware_at,
        "actor": actor,
        "token_id": report.token_id,
        "since": report.since,
        "until": report.until,
        "categories": sorted(set(map(str, report.categories))),
        "reported_by": unit.actor.name,
    }
    await LOCK.value(unit.connection)
    incident_id: UUID | None = await SAME.value(unit.connection, **values)
    if incident_id is None:
        incident_id = new_id()
        await INSERT.run(unit.connection, id=incident_id, **values)
    if any(events):
        await ADD_AFFECTED.run(unit.connection, id=incident_id, **events._asdict())
    await _add_named_people(unit, incident_id, report.people)
    count = await COUNT_AFFECTED.value(unit.connection, id=incident_id)
    if count > people_limit and unit.actor.role is not Role.PRIVACY:
        raise QueryTooLarge(argument="input", most=people_limit)
    if report.revoke_token and report.token_id is not None:
        await tokens.revoke_token(unit, report.token_id)
    return incident_id


async def _events_of(unit: UnitOfWork, report: IncidentReport, actor: str | None) -> EventRange:
    """Return which access events count. Those of a token have its identity, and happened while it was valid.

    BAD_INPUT for a name that several actors had in the time range: the events of a stranger do not count.
    """
    if report.token_id is None:
        events = EventRange(actor, None, report.since, report.until)
        if (
            actor
            and await COUNT_IDENTITIES.value(unit.connection, actor=actor, since=report.since, until=report.until) > 1
        ):
            raise BadInput("input.actor", "several actors had this name: name the token, or a shorter time")
        return events
    token = await TOKEN.row(unit.connection, id=report.token_id)
    if token is None:
        raise NotFound(argument="input.token")
    name, issued_at, revoked_at = token
    if actor not in {None, name}:
        raise BadInput("input.actor", "it is not the name of the token")
    until = min(filter(None, (report.until, revoked_at)), default=None)
    identity = format_id(Prefix.TOKEN, report.token_id)
    return EventRange(name, identity, max(report.since or issued_at, issued_at), until)


async def _add_named_people(unit: UnitOfWork, incident_id: UUID, people: SubjectIdentifiers | None) -> None:
    if people is None:
        return
    ids = await resolution.lock_many(unit, people)
    if unknown := [index for index, subject_id in enumerate(ids) if subject_id is None]:
        raise SubjectNotFound(argument="input.subjects", indexes=unknown)
    await affected_people.add(unit.connection, incident_id, [subject_id for subject_id in ids if subject_id])


def _require_valid(unit: UnitOfWork, report: IncidentReport) -> None:
    if not report.categories:
        raise BadInput("input.categories", "it is empty")
    if report.aware_at > now() + CLOCK_SKEW:
        raise BadInput("input.awareAt", "it lies in the future")
    if report.since and report.since > now() + CLOCK_SKEW:
        raise BadInput("input.since", "it lies in the future")
    if report.since and report.until and report.since > report.until:
        raise BadInput("input.until", "it is before since")
    if report.revoke_token and report.token_id is None:
        raise BadInput("input.revokeToken", "no token is named")
    if report.revoke_token and unit.actor.role is Role.SUPPORT:
        raise Forbidden("Only PRIVACY and ADMIN revoke a token.", argument="input.revokeToken", access=[])
