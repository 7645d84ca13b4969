"""Links that unsubscribe: types and mutation."""

from typing import Any

from models.consent import unsubscribe_links
from models.consent.unsubscribe_links import MailHeaderRow, UnsubscribeLinkRow
from resolvers.context import Info
from resolvers.field_sources import column, object_type, root_field
from resolvers.inputs import PurposeArgument, SubjectArgument


@object_type(MailHeaderRow, description="A header of a letter.")
class MailHeader:
    name: str = column(description="The header's name.")
    value: str = column(description="The header's value, ready for the letter.")


@object_type(
    UnsubscribeLinkRow,
    description="The link and the headers that an internal service puts into its own letters for one-click "
    "unsubscription.",
)
class UnsubscribeLink:
    url: str = column(description="The page on which the person opts out of the purpose. It stays valid for years.")
    headers: list[MailHeader] = column(description="The headers `List-Unsubscribe` and `List-Unsubscribe-Post`.")


@root_field
async def create_unsubscribe_link(
    info: Info, subject: SubjectArgument, purpose: PurposeArgument
) -> UnsubscribeLink | None:
    """Return the link and the headers with which a person opts out of a purpose with one click (RFC 8058).

    An internal service puts them into its own letters.
    """
    link: Any = await info.context.run_mutation(
        unsubscribe_links.create_unsubscribe_link, subject.identifier(), purpose, info.context.service.public_url
    )
    return link
