"""Countries with an adequacy decision of the European Commission (Art. 45 GDPR), and the safeguards of transfers."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Date

from models.storage.columns import REFERENCE_TABLE, ErasureAction, Table, Text, column
from models.subjects.subjects import EEA

FREE_OF_SAFEGUARDS = EEA | {"CH"}
"""Countries to which a transfer needs no safeguard: the European Economic Area and Switzerland."""


class TransferSafeguard(StrEnum):
    """What makes a transfer to a third country lawful (Art. 45 and 46 GDPR)."""

    ADEQUACY = "ADEQUACY"
    STANDARD_CLAUSES = "STANDARD_CLAUSES"
    BINDING_RULES = "BINDING_RULES"
    CODE_OF_CONDUCT = "CODE_OF_CONDUCT"
    CERTIFICATION = "CERTIFICATION"
    PUBLIC_INSTRUMENT = "PUBLIC_INSTRUMENT"


class AdequateCountry(Table, table=True):
    """A country with an adequacy decision. A partial decision covers some recipients only, as in the United States."""

    __tablename__ = "adequate_countries"
    __table_args__ = (CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_a_code"), REFERENCE_TABLE)

    country: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    is_partial: bool = column(Boolean, ErasureAction.IMPERSONAL)
    decided_on: date = column(Date, ErasureAction.IMPERSONAL)
    source: str = column(Text, ErasureAction.IMPERSONAL)


def is_covered(country: str, safeguard: str | None, *, is_partial: bool | None) -> bool:
    """Return whether a transfer to a recipient in this country is lawful.

    ``is_partial`` describes the adequacy decision for the country; None when there is none. A partial decision covers
    recipients that name a safeguard, which may be ADEQUACY.
    """
    if country in FREE_OF_SAFEGUARDS or is_partial is False:
        return True
    if is_partial:
        return safeguard is not None
    return safeguard not in {None, TransferSafeguard.ADEQUACY}
