"""Recipients of personal data: who gets which categories for which purposes, under which contract and safeguard."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Date

from models.consent import purposes
from models.data_categories import DataCategory
from models.disclosures.adequacy import TransferSafeguard
from models.errors import BadInput, UnknownPurpose, UnknownRecipient
from models.storage import validation
from models.storage.clock import now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, column, enum_check
from models.storage.statement import Connection, Statement, reads
from models.unit_of_work import UnitOfWork

NAME_LENGTH: Final = 100
ADDRESS_LENGTH: Final = 200
REFERENCE_LENGTH: Final = 100
_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SALE = re.compile(
    r"\b((re)?(sale|sales|sell|sells|seller|sellers|selling|sold)|barter(s|ed|ing)?|rent(s|ed|al|als|ing)?|brok(er|ers|erage|ing))\b",
    re.IGNORECASE,
)


class RecipientKind(StrEnum):
    """The role of a recipient in the processing."""

    PROCESSOR = "PROCESSOR"
    JOINT_CONTROLLER = "JOINT_CONTROLLER"
    CONTROLLER = "CONTROLLER"
    AFFILIATE = "AFFILIATE"


class DataRecipient(Table, table=True):
    """A recipient of personal data. An ended one stays, because earlier disclosures refer to it."""

    __tablename__ = "recipients"
    __table_args__ = (
        enum_check("kind", RecipientKind),
        enum_check("safeguard", TransferSafeguard),
        CheckConstraint("key ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(key) <= 64", name="recipient_key_is_a_name"),
        CheckConstraint(
            r"(key || ' ' || name || ' ' || function)"
            r" !~* '\m(sale|sales|sell|sells|selling|sold|barter|rent|rental)\M'",
            name="nothing_is_sold_to_a_recipient",
        ),
        CheckConstraint("NOT is_direct_marketing OR address IS NOT NULL", name="a_marketer_has_an_address"),
        CheckConstraint("NOT is_direct_marketing OR kind <> 'PROCESSOR'", name="a_processor_has_no_own_marketing"),
    )

    key: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    name: str = column(Text, ErasureAction.IMPERSONAL)
    kind: str = column(Text, ErasureAction.IMPERSONAL)
    function: str = column(Text, ErasureAction.IMPERSONAL)
    categories: list[str] = column(ARRAY(Text), ErasureAction.IMPERSONAL)
    purposes: list[str] = column(ARRAY(Text), ErasureAction.IMPERSONAL)
    country: str = column(Text, ErasureAction.IMPERSONAL)
    safeguard: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    is_direct_marketing: bool = column(Boolean, ErasureAction.IMPERSONAL)
    address: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    contract_reference: str = column(Text, ErasureAction.IMPERSONAL)
    contract_ends_on: date | None = column(Date, ErasureAction.IMPERSONAL, nullable=True)
    ended_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class RecipientRow(NamedTuple):
    """The columns of a recipient that callers read."""

    key: str
    name: str
    kind: str
    function: str
    categories: list[str]
    purposes: list[str]
    country_code: str
    safeguard: str | None
    is_direct_marketing: bool
    address: str | None
    contract_reference: str
    contract_ends_on: date | None
    ended_at: datetime | None


class RecipientTerms(NamedTuple):
    """The terms of a recipient as a caller states them."""

    key: str
    name: str
    kind: RecipientKind
    function: str
    categories: Sequence[DataCategory]
    purposes: Sequence[str]
    country: str
    safeguard: TransferSafeguard | None
    is_direct_marketing: bool
    address: str | None
    contract_reference: str
    contract_ends_on: date | None


ALL = Statement("""
SELECT key, name, kind, function, categories, purposes, country, safeguard, is_direct_marketing, address,
    contract_reference, contract_ends_on, ended_at
FROM recipients
ORDER BY key
""")

PUT = Statement("""
INSERT INTO recipients (key, name, kind, function, categories, purposes, country, safeguard, is_direct_marketing,
    address, contract_reference, contract_ends_on)
VALUES (:key, :name, :kind, :function, :categories, :purposes, :country, :safeguard, :is_direct_marketing,
    :address, :contract_reference, :contract_ends_on)
ON CONFLICT (key) DO UPDATE
SET name = excluded.name, kind = excluded.kind, function = excluded.function, categories = excluded.categories,
    purposes = excluded.purposes, country = excluded.country, safeguard = excluded.safeguard,
    is_direct_marketing = excluded.is_direct_marketing, address = excluded.address,
    contract_reference = excluded.contract_reference, contract_ends_on = excluded.contract_ends_on, ended_at = NULL
""")

END = Statement("""
UPDATE recipients
SET ended_at = COALESCE(ended_at, clock_timestamp())
WHERE key = :key
""")

HAS_ADEQUACY = Statement("""
SELECT EXISTS (SELECT FROM adequate_countries WHERE country = :country)
""")


@reads(ALL)
async def all_recipients(connection: Connection, _keys: Sequence[None]) -> dict[None, list[RecipientRow]]:
    """Return all recipients, the ended ones included, ordered by key."""
    return {None: [RecipientRow._make(row) for row in await ALL.rows(connection)]}


@reads(ALL)
async def by_keys(connection: Connection, keys: Sequence[str]) -> dict[str, RecipientRow]:
    """Return the recipients of these keys. Unknown keys are left out."""
    return {row[0]: RecipientRow._make(row) for row in await ALL.rows(connection) if row[0] in keys}


async def put_recipient(unit: UnitOfWork, terms: RecipientTerms) -> str:
    """Define a recipient, or replace its terms. Return its key.

    BAD_INPUT for malformed terms, for a function that would be a sale, and for ADEQUACY without a decision. Direct
    marketing needs an address, and no processor has it. UNKNOWN_PURPOSE.
    """
    if len(terms.key) > purposes.KEY_LENGTH or not _KEY.fullmatch(terms.key):
        raise BadInput("input.key", "it is not a key (lower-case words, joined by dashes)")
    name = validation.single_line(terms.name, "input.name", NAME_LENGTH)
    function = validation.single_line(terms.function, "input.function", ADDRESS_LENGTH)
    if _SALE.search(unicodedata.normalize("NFKC", f"{terms.key} {name} {function}")):
        raise BadInput("input.function", "personal data is not sold, bartered or rented")
    await _require_purposes(unit, terms.purposes)
    country = validation.country_code(terms.country, "input.country")
    await _require_safeguard(unit, country, terms.safeguard)
    if not terms.categories:
        raise BadInput("input.categories", "it is empty")
    if terms.is_direct_marketing and terms.kind is RecipientKind.PROCESSOR:
        raise BadInput("input.isDirectMarketing", "a processor has no marketing of its own")
    if terms.is_direct_marketing and terms.address is None:
        raise BadInput("input.address", "direct marketing needs the recipient's address")
    if terms.contract_ends_on is not None and terms.contract_ends_on < now().date():
        raise BadInput("input.contractEndsOn", "it is past")
    await PUT.run(
        unit.connection,
        **terms._asdict()
        | {
            "name": name,
            "function": function,
            "categories": sorted(set(terms.categories)),
            "purposes": sorted(set(terms.purposes)),
            "address": validation.optional_line(terms.address, "input.address", ADDRESS_LENGTH),
            "contract_reference": validation.single_line(
                terms.contract_reference, "input.contractReference", REFERENCE_LENGTH
            ),
        },
    )
    return terms.key


async def _require_purposes(unit: UnitOfWork, keys: Sequence[str]) -> None:
    if not keys:
        raise BadInput("input.purposes", "it is empty")
    known = await purposes.find_purposes(unit.connection, keys)
    if any(key not in known for key in keys):
        raise UnknownPurpose(argument="input.purposes")


async def _require_safeguard(unit: UnitOfWork, country: str, safeguard: TransferSafeguard | None) -> None:
    if safeguard is TransferSafeguard.ADEQUACY and not await HAS_ADEQUACY.value(unit.connection, country=country):
        raise BadInput("input.safeguard", "there is no adequacy decision for this country")


async def end_recipient(unit: UnitOfWork, key: str) -> str:
    """End a recipient: nothing may go to it any more. Return its key. UNKNOWN_RECIPIENT for an unknown key."""
    if not await END.run(unit.connection, key=key):
        raise UnknownRecipient(argument="key")
    return key
