"""Purposes: type and query."""

from typing import Any

from models.consent import purposes as purpose_records
from models.consent.purposes import LegalBasis, PurposeRow
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field


@object_type(
    PurposeRow,
    description="A use of personal data. A use that is not a purpose cannot be consented to, and is not permitted.",
)
class Purpose:
    key: str = column(description="The name in programs, such as `newsletter`.")
    title: str = column(description="The name for people.")
    description: str = column(description="What the personal data is used for.")
    legal_basis: LegalBasis = column(description="Why the use is lawful.")
    is_marketing: bool = column(description="Whether the purpose is marketing.")
    lapses_after_days: int | None = column(
        description="The number of days after which a grant lapses; null when it does not lapse."
    )


@root_field
@loads(purpose_records.all_purposes)
def purposes(info: Info) -> list[Purpose]:
    """Return all purposes that personal data may be used for."""
    rows: Any = info.context.load_one(purpose_records.all_purposes, None)
    return rows
