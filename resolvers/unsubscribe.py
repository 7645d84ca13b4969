"""What is shown of links that unsubscribe."""

from models.consent.unsubscribe_links import MailHeaderRow, UnsubscribeLinkRow
from resolvers.field_sources import column, object_type


@object_type(MailHeaderRow, description="A header of a letter.")
class MailHeader:
    name: str = column(description="Its name.")
    value: str = column(description="Its value, as it goes into the letter.")


@object_type(
    UnsubscribeLinkRow,
    description="What an internal service puts into its own letters so that the person can leave with one click.",
)
class UnsubscribeLink:
    url: str = column(description="The page on which the person leaves the purpose; it holds for years.")
    headers: list[MailHeader] = column(description="The headers `List-Unsubscribe` and `List-Unsubscribe-Post`.")
