"""Payment fragments: type and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.payments import fragments
from models.payments.fragments import PaymentFragmentRow
from models.storage.ids import Prefix, format_id, parse_id_of
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import IdArgument, PaymentFragmentInput, SubjectArgument
from resolvers.node import Node, own_id


@object_type(
    PaymentFragmentRow,
    description="All that is stored of a card: enough to answer a billing question, not enough to charge it.",
)
class PaymentFragment(Node):
    id: strawberry.ID = own_id(Prefix.PAYMENT_FRAGMENT)
    reference: str = column(
        description="The store's own key for this card: neither its number nor a token that can charge it."
    )
    last_digits: str = column(description="The last four digits.")
    expiry_month: int = column("expiry_month", make=int, description="The month in which the card expires, 1 to 12.")
    expiry_year: int = column("expiry_year", make=int, description="The year in which the card expires, four digits.")
    is_expired: bool = column(
        "expiry_month", "expiry_year", make=fragments.is_expired, description="Whether that month is over."
    )
    stored_at: datetime = column(description="When the card was first stored.")


@root_field
@loads(fragments.by_ids)
async def store_payment_fragment(
    info: Info,
    subject: SubjectArgument,
    input: Annotated[PaymentFragmentInput, strawberry.argument(description="The parts of the card to store.")],  # noqa: A002 -- the contract's name
) -> PaymentFragment | None:
    """Store the expiry date and the last four digits of a card, identified by the store's own reference."""
    fragment_id = await info.context.run_mutation(
        fragments.store_payment_fragment, subject.identifier(), input.fragment()
    )
    return await info.context.load_one(fragments.by_ids, fragment_id)


@root_field
async def remove_payment_fragment(info: Info, id: IdArgument) -> strawberry.ID | None:  # noqa: A002 -- the contract's name
    """Delete the stored parts of a card; return its id."""
    fragment_id = await info.context.run_mutation(
        fragments.remove_payment_fragment, parse_id_of(Prefix.PAYMENT_FRAGMENT, id)
    )
    return strawberry.ID(format_id(Prefix.PAYMENT_FRAGMENT, fragment_id))
