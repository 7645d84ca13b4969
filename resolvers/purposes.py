"""What is shown of a purpose."""

from models.consent.purposes import LegalBasis, PurposeRow
from resolvers.field_sources import column, object_type


@object_type(
    PurposeRow,
    description="What personal data may be used for. Anything that is not a purpose cannot be consented to, or done.",
)
class Purpose:
    key: str = column(description="Its name in programs, such as `newsletter`.")
    title: str = column(description="Its name for people.")
    description: str = column(description="What is done for it.")
    legal_basis: LegalBasis = column(description="Why it is lawful.")
    is_marketing: bool = column(description="Whether it promotes something.")
    lapses_after_days: int | None = column(description="A grant older than this many days counts no more.")
