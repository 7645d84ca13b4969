"""What is shown of a person. Edges point away from here, so the graph is a tree."""

from datetime import datetime

import strawberry

import models.audit.events
import models.consent.ledger
import models.payments.fragments
import models.requests.requests
import models.subjects.accounts
import models.subjects.email_addresses
import models.sync.accounts
from models.storage.ids import Prefix
from models.subjects.accounts import AccountRow
from models.subjects.email_addresses import EmailAddressRow
from models.subjects.subjects import Regime, SubjectRow, SubjectStatus
from resolvers.audit import AccessEvent
from resolvers.consent import Consent, ConsentEvent
from resolvers.field_sources import batched, column, object_type
from resolvers.node import Node, own_id
from resolvers.pagination import BY_EPOCH, BY_TIME, Connection, paginated
from resolvers.payments import PaymentFragment
from resolvers.rights_requests import RightsRequest
from resolvers.sync import SyncAccount


@object_type(EmailAddressRow, description="A mail address that a person is reached at.")
class EmailAddress:
    address: str = column(description="The address.")
    is_primary: bool = column(description="Whether letters go to this one.")
    verified_at: datetime | None = column(description="When the person proved that they read it.")


@object_type(AccountRow, description="A person as one internal system knows them.")
class Account:
    system: str = column(description="The internal system.")
    reference: str = column(description="What that system calls the person.")


@object_type(SubjectRow, description="A data subject: a person whom the privacy policy makes its promises to.")
class Subject(Node):
    id: strawberry.ID = own_id(Prefix.SUBJECT, "subject_id")
    status: SubjectStatus = column(description="Where the person stands with us.")
    registered_at: datetime = column(description="When the person became known.")
    emails: list[EmailAddress] = batched(
        by=models.subjects.email_addresses.of_subjects,
        key="subject_id",
        description="The person's addresses, the primary one first.",
    )
    display_name: str | None = column(description="The person's name.")
    country: str | None = column(description="The person's country, as ISO 3166-1 alpha-2 has it.")
    regime: Regime = column(description="Which law's clock applies.")
    accounts: list[Account] = batched(
        by=models.subjects.accounts.of_subjects, key="subject_id", description="What internal systems call the person."
    )
    consents: list[Consent] = batched(
        by=models.consent.ledger.of_subjects,
        key="subject_id",
        description="What the person chose, by purpose, as it counts now.",
    )
    consent_history: Connection[ConsentEvent] = paginated(
        by=models.consent.ledger.history,
        key="subject_id",
        order=BY_EPOCH,
        description="The person's consent ledger, the latest choice first.",
    )
    payment_fragments: list[PaymentFragment] = batched(
        by=models.payments.fragments.of_subjects, key="subject_id", description="What is kept of the person's cards."
    )
    sync_accounts: list[SyncAccount] = batched(
        by=models.sync.accounts.of_subjects,
        key="subject_id",
        description="What is known about the person's Customer Data.",
    )
    rights_requests: list[RightsRequest] = batched(
        by=models.requests.requests.of_subjects,
        key="subject_id",
        description="What the person asked for, the newest first.",
    )
    access_events: Connection[AccessEvent] = paginated(
        by=models.audit.events.of_subjects,
        key="subject_id",
        order=BY_TIME,
        description="Who looked at this person, and who changed something, the newest first.",
    )
