"""Recipients of personal data: type, query and mutations."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from models.data_categories import DataCategory
from models.disclosures import recipients as recipient_records
from models.disclosures.adequacy import TransferSafeguard
from models.disclosures.recipients import RecipientKind, RecipientRow, RecipientTerms
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import input_field, none_if_unset


@object_type(
    RecipientRow,
    description="A recipient of personal data: what it may get, for which purposes, and under which contract.",
)
class Recipient:
    key: str = column(description="The name in programs, such as `card-processor`.")
    name: str = column(description="The name of the company or authority.")
    kind: RecipientKind = column(description="Its role in the processing.")
    function: str = column(description="What it does.")
    categories: list[DataCategory] = column(description="The categories of data that it may get.")
    purposes: list[str] = column(description="The purposes that it may get data for.")
    country: str = column("country_code", description="Its country, as an ISO 3166-1 alpha-2 code.")
    safeguard: TransferSafeguard | None = column(description="What makes transfers to it lawful, where that is needed.")
    is_direct_marketing: bool = column(description="Whether it gets data for its own direct marketing.")
    address: str | None = column(description="Its postal address.")
    contract_reference: str = column(description="The reference of its contract.")
    contract_ends_on: date | None = column(description="The last day of its contract; null when it has no end.")
    ended_at: datetime | None = column(description="When it was ended; null while it is not.")


@strawberry.input(description="The terms of a recipient.")
class RecipientInput:
    key: str = input_field("The name in programs: lower-case words, joined by dashes.")
    name: str = input_field("The name of the company or authority, at most 100 characters.")
    kind: RecipientKind = input_field("Its role in the processing.")
    function: str = input_field("What it does, at most 200 characters. It names no person.")
    categories: list[DataCategory] = input_field("The categories of data that it may get.")
    purposes: list[str] = input_field("The purposes that it may get data for.")
    country: str = input_field("Its country, as an ISO 3166-1 alpha-2 code.")
    contract_reference: str = input_field("The reference of its contract, at most 100 characters.")
    safeguard: TransferSafeguard | None = input_field(
        "What makes transfers to it lawful. Needed outside the European Economic Area and Switzerland, unless the "
        "country has a full adequacy decision.",
        UNSET,
    )
    is_direct_marketing: bool = input_field("Whether it gets data for its own direct marketing.", False)
    address: str | None = input_field("Its postal address, at most 200 characters. Direct marketing needs it.", UNSET)
    contract_ends_on: date | None = input_field("The last day of its contract.", UNSET)

    def terms(self) -> RecipientTerms:
        return RecipientTerms(
            self.key,
            self.name,
            self.kind,
            self.function,
            self.categories,
            self.purposes,
            self.country,
            none_if_unset(self.safeguard),
            self.is_direct_marketing,
            none_if_unset(self.address),
            self.contract_reference,
            none_if_unset(self.contract_ends_on),
        )


@root_field
@loads(recipient_records.all_recipients)
def recipients(info: Info) -> list[Recipient]:
    """Return all recipients of personal data, the ended ones included."""
    rows: Any = info.context.load_one(recipient_records.all_recipients, None)
    return rows


@root_field
@loads(recipient_records.by_keys)
async def put_recipient(
    info: Info,
    input: Annotated[RecipientInput, strawberry.argument(description="The terms of the recipient.")],  # noqa: A002 -- the contract's name
) -> Recipient | None:
    """Define a recipient, or replace its terms. A recipient that was ended begins again.

    A recipient whose function would be a sale of personal data is refused.
    """
    key = await info.context.run_mutation(recipient_records.put_recipient, input.terms())
    return await info.context.load_one(recipient_records.by_keys, key)


@root_field
@loads(recipient_records.by_keys)
async def end_recipient(
    info: Info, key: Annotated[str, strawberry.argument(description="The recipient's key.")]
) -> Recipient | None:
    """End a recipient: every disclosure decision about it is no from now on."""
    ended_key = await info.context.run_mutation(recipient_records.end_recipient, key)
    return await info.context.load_one(recipient_records.by_keys, ended_key)
