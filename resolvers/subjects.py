"""Data subjects: types, queries and mutations. Edges point away from ``Subject``, so the graph is a tree."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

import models.audit.events
import models.consent.ledger
import models.disclosures.disclosures
import models.outbox.letter_states
import models.payments.fragments
import models.requests.requests
import models.subjects.accounts
import models.subjects.email_addresses
import models.sync.accounts
from models.delivery import bounces
from models.delivery.bounces import BounceKind
from models.errors import Refusal
from models.registration import corrections, underage
from models.requests import restricting
from models.storage.ids import Prefix
from models.subjects import restrictions
from models.subjects.accounts import AccountRow
from models.subjects.email_addresses import EmailAddressRow
from models.subjects.subjects import Regime, SubjectRow, SubjectStatus, all_subjects, by_ids
from resolvers.audit import AccessEvent
from resolvers.consent import Consent, ConsentDecision, ConsentEvent
from resolvers.context import SUBJECT_READS, Info, Record
from resolvers.disclosures import CaliforniaReport, Disclosure, california_report_field
from resolvers.field_sources import batched, column, loads, object_type, root_field
from resolvers.inputs import CorrectSubjectInput, RegisterSubjectInput, SubjectArgument
from resolvers.letters import Letter
from resolvers.node import Node, own_id
from resolvers.pagination import (
    BY_ID,
    BY_REGISTRATION,
    BY_SEQUENCE,
    BY_TIME,
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    PaginatedList,
    page,
    paginated,
)
from resolvers.past_decisions import decisions_field
from resolvers.payments import PaymentFragment
from resolvers.receipts import ConsentReceipt, consent_receipt_field
from resolvers.rights_requests import RightsRequest
from resolvers.sync import SyncAccount


@object_type(EmailAddressRow, description="An email address of a person.")
class EmailAddress:
    address: str = column(description="The address.")
    is_primary: bool = column(description="Whether letters are sent to this address.")
    verified_at: datetime | None = column(description="When the person proved control of the address.")
    stopped_by: BounceKind | None = column(
        "stopped_at",
        make=bounces.stop_kind,
        description="The kind of bounce since which no mail goes there, until a correction names the address again.",
    )


@object_type(AccountRow, description="An account of a person in an internal system.")
class Account:
    system: str = column(description="The internal system.")
    reference: str = column(description="The person's reference in that system.")


@object_type(SubjectRow, description="A data subject: a person whom the privacy policy protects.")
class Subject(Node):
    id: strawberry.ID = own_id(Prefix.SUBJECT, "subject_id")
    status: SubjectStatus = column(description="The status of the person.")
    registered_at: datetime = column(description="When the person was registered.")
    emails: list[EmailAddress] = batched(
        by=models.subjects.email_addresses.of_subjects,
        key="subject_id",
        description="The person's addresses, the primary one first.",
    )
    display_name: str | None = column(description="The person's name.")
    country: str | None = column(description="The person's country, as an ISO 3166-1 alpha-2 code.")
    regime: Regime = column(description="The law whose deadlines apply.")
    accounts: list[Account] = batched(
        by=models.subjects.accounts.of_subjects,
        key="subject_id",
        description="The person's accounts in internal systems.",
    )
    consents: list[Consent] = batched(
        by=models.consent.ledger.of_subjects,
        key="subject_id",
        description="The person's current choices, one for each purpose.",
    )
    opted_out_of_all_at: datetime | None = column(
        "opted_out_at", description="When the person opted out of everything; null when the person did not."
    )
    decisions: list[ConsentDecision] = decisions_field()
    consent_history: Connection[ConsentEvent] = paginated(
        by=models.consent.ledger.history,
        key="subject_id",
        order=BY_SEQUENCE,
        description="The person's consent ledger, the latest choice first.",
    )
    payment_fragments: list[PaymentFragment] = batched(
        by=models.payments.fragments.of_subjects,
        key="subject_id",
        description="The stored parts of the person's cards.",
    )
    sync_accounts: list[SyncAccount] = batched(
        by=models.sync.accounts.of_subjects,
        key="subject_id",
        description="The metadata of the person's Customer Data.",
    )
    rights_requests: list[RightsRequest] = batched(
        by=models.requests.requests.of_subjects,
        key="subject_id",
        description="The person's rights requests, the newest first.",
    )
    letters: Connection[Letter] = paginated(
        by=models.outbox.letter_states.of_subjects,
        key="subject_id",
        order=BY_ID,
        description="What was written to the person and what became of it, the newest letter first; never the text.",
    )
    access_events: Connection[AccessEvent] = paginated(
        by=models.audit.events.of_subjects,
        key="subject_id",
        order=BY_TIME,
        description="The audit log of this person, the newest entry first.",
    )
    disclosures: Connection[Disclosure] = paginated(
        by=models.disclosures.disclosures.of_subjects,
        key="subject_id",
        order=BY_TIME,
        description="What was disclosed about the person to recipients, the latest first.",
    )
    california_report: CaliforniaReport = california_report_field()
    consent_receipt: ConsentReceipt | None = consent_receipt_field()


_SUBJECTS = PaginatedList(all_subjects, BY_REGISTRATION)


@root_field
@loads(*SUBJECT_READS)
def subject(info: Info, by: SubjectArgument) -> Subject | None:
    """Return one person; null when no person is registered under the identifier."""
    row: Any = info.context.find(by.identifier("by"), "Query.subject")
    return row


@root_field
@loads(all_subjects)
async def subjects(info: Info, first: First = DEFAULT_FIRST, after: After = UNSET) -> Connection[Subject]:
    """Return all people, in the order of their registration."""
    context = info.context

    async def load(record: Record) -> Any:
        connection = await page(context, _SUBJECTS, None, {"first": first, "after": after})
        record([edge.node for edge in connection.edges])
        return connection

    connection: Connection[Subject] = await context.answer("Query.subjects", load, first or DEFAULT_FIRST)
    return connection


@root_field
@loads(by_ids)
async def register_subject(
    info: Info,
    input: Annotated[RegisterSubjectInput, strawberry.argument(description="The values that the service knows.")],  # noqa: A002 -- the contract's name
) -> Subject | None:
    """Register a person.

    If the address or the account is known, it is that person: missing values are added, and nothing is overwritten.
    With isUnder13 the answer is UNDERAGE. If the person is known, processing is restricted, and an erasure waits until
    SUPPORT or PRIVACY attests it with requestErasure.
    """
    result = await info.context.run_mutation(underage.register_subject, input.registration())
    if isinstance(result, Refusal):
        raise result
    return await info.context.load_one(by_ids, result)


@root_field
@loads(by_ids)
async def correct_subject(
    info: Info,
    subject: SubjectArgument,
    input: Annotated[CorrectSubjectInput, strawberry.argument(description="The values to correct.")],  # noqa: A002 -- the contract's name
) -> Subject | None:
    """Correct the given values (Art. 16 GDPR) and leave all others as they are."""
    subject_id = await info.context.run_mutation(corrections.correct_subject, subject.identifier(), input.correction())
    return await info.context.load_one(by_ids, subject_id)


@root_field
@loads(by_ids)
async def restrict_processing(info: Info, subject: SubjectArgument) -> Subject | None:
    """Restrict processing (Art. 18 GDPR): every consent decision is a refusal.

    The person's choices are kept. An open RESTRICTION request is completed.
    """
    subject_id = await info.context.run_mutation(restricting.restrict_processing, subject.identifier())
    return await info.context.load_one(by_ids, subject_id)


@root_field
@loads(by_ids)
async def lift_restriction(info: Info, subject: SubjectArgument) -> Subject | None:
    """Lift a restriction of processing: the person's choices decide again."""
    subject_id = await info.context.run_mutation(restrictions.lift_restriction, subject.identifier())
    return await info.context.load_one(by_ids, subject_id)
