"""Forced disclosures: type, query and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from models.data_categories import DataCategory
from models.disclosures import forced
from models.disclosures.forced import ForcedDisclosureReport, ForcedDisclosureRow, ForcedGround
from models.storage.ids import Prefix, parse_id_of
from models.storage.turns import run_with_pauses
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import IdArgument, SubjectsBy, input_field, none_if_unset
from resolvers.node import Node, own_id
from resolvers.pagination import BY_DISCLOSURE, DEFAULT_FIRST, After, Connection, First, PaginatedList, page


@object_type(
    ForcedDisclosureRow,
    description="A disclosure that law or an emergency forced. Each person affected gets a letter.",
)
class ForcedDisclosure(Node):
    id: strawberry.ID = own_id(Prefix.FORCED_DISCLOSURE)
    ground: ForcedGround = column(description="Why the data had to be disclosed.")
    authority: str = column(description="The authority or party that got the data.")
    reference: str = column(description="The reference of the order or the case.")
    categories: list[DataCategory] = column(description="The categories of data.")
    disclosed_at: datetime = column(description="When the data was disclosed.")
    affected_count: int = column(description="The number of people affected, those who are erased included.")
    notice_delayed_until: datetime | None = column(description="When a lawful delay of the letters ends.")
    delay_ground: str | None = column(description="Why the law permits the delay.")
    is_notice_overdue: bool = column(
        "notice_delayed_until",
        "notices_pending",
        make=forced.is_notice_overdue,
        description="Whether the delay has ended and letters are not sent yet.",
    )
    notices_sent: int = column(description="Letters that were sent.")
    notices_pending: int = column(description="Letters that are not sent yet. Erased people get none.")
    notices_failed: int = column(description="Letters that could not be sent, and people without an address.")


@strawberry.input(description="A disclosure that law or an emergency forced.")
class ForcedDisclosureInput:
    subjects: SubjectsBy = input_field("The people affected, up to 1,000 a call. A later call adds people.")
    ground: ForcedGround = input_field("Why the data had to be disclosed.")
    authority: str = input_field("The authority or party that got the data, at most 100 characters.")
    reference: str = input_field("The reference of the order or the case, at most 100 characters. It names no person.")
    categories: list[DataCategory] = input_field("The categories of data.")
    disclosed_at: datetime = input_field("When the data was disclosed.")
    notice_delayed_until: datetime | None = input_field("When a lawful delay of the letters ends.", UNSET)
    delay_ground: str | None = input_field("Why the law permits the delay, at most 200 characters.", UNSET)

    async def report(self) -> ForcedDisclosureReport:
        return ForcedDisclosureReport(
            await run_with_pauses(self.subjects.identification_steps("input.subjects")),
            self.ground,
            self.authority,
            self.reference,
            self.categories,
            self.disclosed_at,
            none_if_unset(self.notice_delayed_until),
            none_if_unset(self.delay_ground),
        )


_FORCED = PaginatedList(forced.find_forced, BY_DISCLOSURE)


@root_field
@loads(forced.find_forced)
async def forced_disclosures(
    info: Info, first: First = DEFAULT_FIRST, after: After = UNSET
) -> Connection[ForcedDisclosure]:
    """Return the forced disclosures, the latest first."""
    return await page(info.context, _FORCED, None, {"first": first, "after": after})


@root_field
@loads(forced.by_ids)
async def record_forced_disclosure(
    info: Info,
    input: Annotated[ForcedDisclosureInput, strawberry.argument(description="The disclosure.")],  # noqa: A002 -- the contract's name
) -> ForcedDisclosure | None:
    """Record a disclosure that law or an emergency forced, or add people to it by authority and reference.

    Each person affected gets a letter, at once or when the lawful delay has ended. No opt-out stops it.
    """
    disclosure_id = await info.context.run_mutation(forced.record_forced_disclosure, await input.report())
    return await info.context.load_one(forced.by_ids, disclosure_id)


@root_field
@loads(forced.by_ids)
async def lift_notice_delay(info: Info, id: IdArgument) -> ForcedDisclosure | None:  # noqa: A002 -- the contract's name
    """End the delay of the letters about a forced disclosure: they are sent now."""
    disclosure_id = await info.context.run_mutation(forced.lift_notice_delay, parse_id_of(Prefix.FORCED_DISCLOSURE, id))
    return await info.context.load_one(forced.by_ids, disclosure_id)
