"""The format of an import: one JSON object a line, with these keys and no others."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from models.consent.ledger import Channel
from models.storage.clock import MAX_TIMESTAMP, MIN_TIMESTAMP
from models.sync.reports import MAX_BYTES, MAX_CLIENTS, MAX_FILE_COUNT, MAX_FILES

MOST = 100
"""Accounts, cards, sync accounts and further addresses that one line may name of each."""
MOST_CONSENTS = 1000


class _Part(BaseModel):
    """A JSON object of the format: strictly typed, nothing unknown, values never repeated in errors."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True
    )


class AccountPart(_Part):
    """A person as one internal system knows them."""

    system: str
    reference: str


class ConsentPart(_Part):
    """What the person chose, and when. WITHDRAWN and OBJECTED are both a no; the purpose says which it is."""

    purpose: str
    state: Literal["GRANTED", "WITHDRAWN", "OBJECTED"]
    at: AwareDatetime
    channel: Channel = Channel.IMPORT


class FragmentPart(_Part):
    """What may be kept of a card."""

    reference: str
    last_digits: str
    expiry_month: int
    expiry_year: int


class ClientPart(_Part):
    """A program that synced, seen last when the account synced unless it says otherwise."""

    app: str
    version: str
    platform: str
    user_agent: str
    last_seen_at: AwareDatetime | None = None


class FilePart(_Part):
    """What is known of a file."""

    name: str
    size_bytes: Annotated[int, Field(ge=0, le=MAX_BYTES)]
    modified_at: AwareDatetime


class SyncPart(_Part):
    """What the sync service knows of an account."""

    reference: str
    storage_bytes: Annotated[int, Field(ge=0, le=MAX_BYTES)]
    file_count: Annotated[int, Field(ge=0, le=MAX_FILE_COUNT)]
    synced_at: AwareDatetime
    clients: Annotated[list[ClientPart], Field(max_length=MAX_CLIENTS)] = []
    files: Annotated[list[FilePart], Field(max_length=MAX_FILES)] | None = None


class PersonPart(_Part):
    """One line."""

    email: str
    additional_emails: Annotated[list[str], Field(max_length=MOST)] = []
    display_name: str | None = None
    country: str | None = None
    is_under_13: Annotated[bool, Field(alias="isUnder13")] = False
    accounts: Annotated[list[AccountPart], Field(max_length=MOST)] = []
    consents: Annotated[list[ConsentPart], Field(max_length=MOST_CONSENTS)] = []
    payment_fragments: Annotated[list[FragmentPart], Field(max_length=MOST)] = []
    sync_accounts: Annotated[list[SyncPart], Field(max_length=MOST)] = []


def utc(moment: datetime) -> datetime:
    """Give the moment in UTC; OverflowError at the ends of the calendar."""
    at = moment.astimezone(UTC)
    if MIN_TIMESTAMP <= at <= MAX_TIMESTAMP:
        return at
    raise OverflowError
