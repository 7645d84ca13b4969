"""Disclosures to recipients: types, the decision query, the mutation that records them, and the Californian report."""

from collections.abc import Awaitable, Hashable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from models.data_categories import DataCategory
from models.disclosures import california
from models.disclosures import disclosures as disclosure_records
from models.disclosures.california import CaliforniaReportLineRow, CaliforniaReportRow
from models.disclosures.decisions import DECISIONS_BY_KIND, DisclosureDecisionRow, DisclosureReason
from models.disclosures.disclosures import DisclosureRow
from models.storage.turns import run_with_pauses
from resolvers.consent import decide_by_kind
from resolvers.context import Info, Record, RequestContext
from resolvers.field_sources import Batched, column, loads, object_type, root_field
from resolvers.inputs import PurposeArgument, SubjectArgument, SubjectsBy, none_if_unset
from resolvers.recipients import Recipient

RecipientArgument = Annotated[str, strawberry.argument(description="The recipient's key.")]
CategoriesArgument = Annotated[list[DataCategory], strawberry.argument(description="The categories of data.")]


@object_type(
    DisclosureDecisionRow,
    description="The answer to whether categories of a person's data may go to a recipient for a purpose now.",
)
class DisclosureDecision:
    allowed: bool = column(description="Whether it is permitted.")
    reason: DisclosureReason = column(description="The reason for the answer.")


@object_type(DisclosureRow, description="Data of a person that went to a recipient.")
class Disclosure:
    at: datetime = column(description="When the data went to the recipient.")
    recipient: Recipient = column(description="The recipient, with its current terms.")
    categories: list[DataCategory] = column(description="The categories of data.")
    purpose: str = column(description="The purpose's name.")


@object_type(CaliforniaReportLineRow, description="A recipient that got data for its direct marketing.")
class CaliforniaReportLine:
    recipient_name: str = column(description="The recipient's name.")
    recipient_address: str = column(description="The recipient's postal address.")
    categories: list[DataCategory] = column(description="The categories of data that it got.")


@object_type(
    CaliforniaReportRow,
    description="What was disclosed to third parties for their direct marketing in a calendar year.",
)
class CaliforniaReport:
    year: int = column(description="The calendar year, in UTC.")
    is_none: bool = column(description="Whether nothing was disclosed.")
    lines: list[CaliforniaReportLine] = column(description="The recipients, ordered by name.")


def california_report_field() -> Any:
    """Declare the field with the report of a person."""
    source = Batched(california.of_subjects, "subject_id", _year)

    async def resolve(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, None],
        year: Annotated[int, strawberry.argument(description="The calendar year.")],
    ) -> Any:
        return await source.value(root, info.context, {"year": year})

    return strawberry.field(
        resolver=resolve,
        description="What was disclosed to third parties for their direct marketing in a calendar year (Cal. Civ. Code "
        "1798.83). An empty report is an answer, too.",
        metadata={"source": source},
    )


def _year(_context: Any, arguments: Mapping[str, Any]) -> tuple[int]:
    return (california.require_year(arguments["year"]),)


@root_field
@loads(*DECISIONS_BY_KIND.values())
def disclosure_decision(
    info: Info,
    subject: SubjectArgument,
    recipient: RecipientArgument,
    categories: CategoriesArgument,
    purpose: PurposeArgument,
) -> DisclosureDecision:
    """Decide whether these categories of a person's data may go to this recipient for this purpose now."""
    context, identifier = info.context, subject.identifier()
    keys = [identifier.lookup_key]
    arguments = (recipient, disclosure_records.require_categories(categories), purpose)
    row: Any = context.answer(
        "Query.disclosureDecision", partial(_decide_one, context, identifier.kind, keys, arguments)
    )
    return row


def _decide_one(
    context: RequestContext, kind: str, keys: Sequence[Any], arguments: tuple[Hashable, ...], record: Record
) -> Awaitable[Any]:
    """Decide for one person; return the decision, recorded by ``record``."""
    return decide_by_kind(context, DECISIONS_BY_KIND, kind, keys, arguments, partial(_answer_one, record))


def _answer_one(record: Record, rows: list[Any]) -> Any:
    [decision] = rows
    return record(decision)


@root_field
async def record_disclosure(  # noqa: PLR0913, PLR0917 -- the contract's arguments
    info: Info,
    subjects: Annotated[SubjectsBy, strawberry.argument(description="The people.")],
    recipient: RecipientArgument,
    categories: CategoriesArgument,
    purpose: PurposeArgument,
    at: Annotated[
        datetime | None, strawberry.argument(description="When the data went to the recipient; if absent, now.")
    ] = UNSET,
) -> int | None:
    """Record that data of these people went to a recipient. Return the number of people.

    All are recorded, or none: DISCLOSURE_REFUSED where the decision for one of them is no. Without `at`, a repetition
    within ten minutes is the same disclosure.
    """
    people = await run_with_pauses(subjects.identification_steps())
    return await info.context.run_mutation(
        disclosure_records.record_disclosure, people, recipient, categories, purpose, none_if_unset(at)
    )
