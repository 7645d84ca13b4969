"""What is shown of access events."""

from datetime import datetime
from uuid import UUID

import strawberry

from models.actors import Role
from models.audits import AccessAction, AccessEventRow
from models.base import Prefix, external_id
from resolvers.nodes import own_id
from resolvers.sources import column, shape


def _subject_id(value: UUID | None) -> str | None:
    return None if value is None else external_id(Prefix.SUBJECT, value)


@shape(
    AccessEventRow,
    description="Who looked at which fields of whom, for what case. Holds no personal data itself.",
)
class AccessEvent:
    id: strawberry.ID = own_id(Prefix.ACCESS_EVENT)
    at: datetime = column(description="When.")
    actor: str = column(description="Who, by the name of their token.")
    role: Role = column(description="In which role.")
    case: str | None = column(description="For which case.")
    subject_id: strawberry.ID | None = column("subject_id", make=_subject_id, description="About whom.")
    action: AccessAction = column(description="What was done.")
    fields: list[str] = column(description="Which fields were read, which deed was done, or what was refused.")
    operation: str | None = column(description="The name of the GraphQL operation.")
