"""Incidents: type, query and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from models.data_categories import DataCategory
from models.incidents import incidents as incident_records
from models.incidents import notices, reporting
from models.incidents.incidents import IncidentKind, IncidentRow, IncidentState
from models.incidents.reporting import IncidentReport
from models.notifications import affected_people
from models.storage.ids import Prefix, parse_id_of
from models.storage.turns import run_with_pauses
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import IdArgument, SubjectsBy, input_field, none_if_unset
from resolvers.node import Node, own_id
from resolvers.pagination import (
    BY_AWARENESS,
    BY_SUBJECT,
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    PaginatedList,
    page,
    paginated,
)
from resolvers.subjects import Subject


@object_type(IncidentRow, description="A personal data breach (Art. 4(12) GDPR).")
class Incident(Node):
    id: strawberry.ID = own_id(Prefix.INCIDENT)
    kind: IncidentKind = column(description="What happened.")
    state: IncidentState = column(description="Whether it is closed.")
    aware_at: datetime = column(description="When the company became aware of it.")
    authority_due_at: datetime = column(
        "aware_at",
        make=incident_records.authority_due_at,
        description="When the notice to the supervisory authority is due: 72 hours after `awareAt` (Art. 33 GDPR).",
    )
    is_overdue: bool = column(
        "state",
        "aware_at",
        "authority_noticed_at",
        make=incident_records.is_overdue,
        description="Whether it is open, and the authority is not notified in time.",
    )
    authority_noticed_at: datetime | None = column(description="When the authority was notified.")
    categories: list[DataCategory] = column(description="The categories of data.")
    affected_count: int = column(description="The number of people affected.")
    affected: Connection[Subject] = paginated(
        by=affected_people.of_causes, key="id", order=BY_SUBJECT, description="The people affected."
    )
    notices_sent: int = column(description="Letters that were sent.")
    notices_pending: int = column(description="Letters that are not sent yet, once `notifyAffected` asked for them.")
    notices_failed: int = column(description="Letters that could not be sent, and people without an address.")


@strawberry.input(
    description="An incident. It affects the people of the access events of an actor or a token in a time range, and "
    "the people who are named."
)
class IncidentInput:
    kind: IncidentKind = input_field("What happened.")
    aware_at: datetime = input_field("When the company became aware of it. The 72 hours begin here.")
    categories: list[DataCategory] = input_field("The categories of data.")
    actor: str | None = input_field("The name of an actor whose access events count.", UNSET)
    token: strawberry.ID | None = input_field("The id of a token whose access events count.", UNSET)
    since: datetime | None = input_field("Only access events from this time on count.", UNSET)
    until: datetime | None = input_field("Only access events up to this time count.", UNSET)
    subjects: SubjectsBy | None = input_field("People who are affected beside those of the access events.", UNSET)
    revoke_token: bool = input_field("Whether the token is revoked at once. PRIVACY and ADMIN only.", False)

    async def report(self) -> IncidentReport:
        token = none_if_unset(self.token)
        people = await run_with_pauses(self.subjects.identification_steps("input.subjects")) if self.subjects else None
        return IncidentReport(
            self.kind,
            self.aware_at,
            none_if_unset(self.actor),
            parse_id_of(Prefix.TOKEN, token, "input.token") if token else None,
            none_if_unset(self.since),
            none_if_unset(self.until),
            people,
            self.categories,
            self.revoke_token,
        )


_INCIDENTS = PaginatedList(incident_records.find_incidents, BY_AWARENESS)


@root_field
@loads(incident_records.find_incidents)
async def incidents(
    info: Info,
    state: Annotated[IncidentState | None, strawberry.argument(description="Only incidents in this state.")] = UNSET,
    first: First = DEFAULT_FIRST,
    after: After = UNSET,
) -> Connection[Incident]:
    """Return the incidents, the latest first."""
    return await page(info.context, _INCIDENTS, none_if_unset(state), {"first": first, "after": after})


@root_field
@loads(incident_records.by_ids)
async def report_incident(
    info: Info,
    input: Annotated[IncidentInput, strawberry.argument(description="The incident.")],  # noqa: A002 -- the contract's name
) -> Incident | None:
    """Report an incident. Whom it affects is found in the access events, and united with the people named.

    One that would affect very many people is refused, unless PRIVACY reports it.
    """
    context = info.context
    incident_id = await context.run_mutation(
        reporting.report_incident, await input.report(), context.service.incident_people
    )
    return await context.load_one(incident_records.by_ids, incident_id)


@root_field
@loads(incident_records.by_ids)
async def record_authority_notice(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    authority: Annotated[str, strawberry.argument(description="The supervisory authority.")],
    at: Annotated[datetime, strawberry.argument(description="When it was notified.")],
) -> Incident | None:
    """Record when the supervisory authority was notified of an incident."""
    incident_id = await info.context.run_mutation(
        notices.record_authority_notice, parse_id_of(Prefix.INCIDENT, id), authority, at
    )
    return await info.context.load_one(incident_records.by_ids, incident_id)


@root_field
@loads(incident_records.by_ids)
async def notify_affected(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    consequences: Annotated[
        str,
        strawberry.argument(
            description="The likely consequences, as the letter quotes them, at most 1,000 characters."
        ),
    ],
    measures: Annotated[
        str, strawberry.argument(description="The measures taken, as the letter quotes them, at most 1,000 characters.")
    ],
) -> Incident | None:
    """Write to each person whom the incident affects, once (Art. 34 GDPR). No opt-out stops the letter."""
    incident_id = await info.context.run_mutation(
        notices.notify_affected, parse_id_of(Prefix.INCIDENT, id), consequences, measures
    )
    return await info.context.load_one(incident_records.by_ids, incident_id)


@root_field
@loads(incident_records.by_ids)
async def close_incident(info: Info, id: IdArgument) -> Incident | None:  # noqa: A002 -- the contract's name
    """Close an incident whose letters are sent."""
    incident_id = await info.context.run_mutation(notices.close_incident, parse_id_of(Prefix.INCIDENT, id))
    return await info.context.load_one(incident_records.by_ids, incident_id)
