"""What is shown of payment fragments."""

from datetime import datetime

import strawberry

from models.payments import fragments
from models.payments.fragments import PaymentFragmentRow
from models.storage.ids import Prefix
from resolvers.field_sources import column, object_type
from resolvers.node import Node, own_id


@object_type(
    PaymentFragmentRow,
    description="All that is ever kept of a card: enough to answer a billing question, useless to a thief.",
)
class PaymentFragment(Node):
    id: strawberry.ID = own_id(Prefix.PAYMENT_FRAGMENT)
    reference: str = column(
        description="The store's own key for this card; not the number, and not a token that can charge it."
    )
    last_digits: str = column(description="The last four digits.")
    expiry_month: int = column("expiry_month", make=int, description="The month in which the card expires, 1 to 12.")
    expiry_year: int = column("expiry_year", make=int, description="The year in which the card expires, four digits.")
    is_expired: bool = column(
        "expiry_month", "expiry_year", make=fragments.is_expired, description="Whether that month is over."
    )
    stored_at: datetime = column(description="When the card was first stored.")
