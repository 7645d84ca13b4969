"""The format of import lines: one JSON object a line. Unknown keys are refused."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from models.consent.ledger import Channel
from models.storage import rfc3339
from models.sync.file_lists import MAX_BYTES, MAX_FILES
from models.sync.reports import MAX_CLIENTS, MAX_FILE_COUNT

MAX_ENTRIES = 100
"""Entries that each of accounts, paymentFragments, syncAccounts and additionalEmails may have in one line."""
MAX_CONSENTS = 1000


TIME_ERROR = "rfc_3339"


def _parse_time(value: Any) -> datetime:
    try:
        return rfc3339.parse_time(value)
    except ValueError:
        raise PydanticCustomError(TIME_ERROR, "it is no time") from None


Time = Annotated[datetime, PlainValidator(_parse_time)]


class _Part(BaseModel):
    """Base of the JSON objects: strict types, no unknown keys, no input values in error messages."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True
    )


class AccountPart(_Part):
    """The account of a person in one internal system."""

    system: str
    reference: str


class ConsentPart(_Part):
    """A choice and its time. WITHDRAWN and OBJECTED are equal here: the purpose decides which is stored."""

    purpose: str
    state: Literal["GRANTED", "WITHDRAWN", "OBJECTED"]
    at: Time
    channel: Channel = Channel.IMPORT
    policy_version: str | None = None


class FragmentPart(_Part):
    """The parts of a payment card that may be stored."""

    reference: str
    last_digits: str
    expiry_month: int
    expiry_year: int


class ClientPart(_Part):
    """A sync client; without ``lastSeenAt`` it was last seen when the account was last synced."""

    app: str
    version: str
    platform: str
    user_agent: str
    last_seen_at: Time | None = None


class FilePart(_Part):
    """The metadata of a synced file."""

    name: str
    size_bytes: Annotated[int, Field(ge=0, le=MAX_BYTES)]
    modified_at: Time


class SyncPart(_Part):
    """A sync account with its clients and files."""

    reference: str
    storage_bytes: Annotated[int, Field(ge=0, le=MAX_BYTES)]
    file_count: Annotated[int, Field(ge=0, le=MAX_FILE_COUNT)]
    synced_at: Time
    clients: Annotated[list[ClientPart], Field(max_length=MAX_CLIENTS)] = []
    files: Annotated[list[FilePart], Field(max_length=MAX_FILES)] | None = None


class PersonPart(_Part):
    """A person: the content of one line."""

    email: str
    additional_emails: Annotated[list[str], Field(max_length=MAX_ENTRIES)] = []
    display_name: str | None = None
    country: str | None = None
    is_under_13: Annotated[bool, Field(alias="isUnder13")] = False
    accounts: Annotated[list[AccountPart], Field(max_length=MAX_ENTRIES)] = []
    consents: Annotated[list[ConsentPart], Field(max_length=MAX_CONSENTS)] = []
    payment_fragments: Annotated[list[FragmentPart], Field(max_length=MAX_ENTRIES)] = []
    sync_accounts: Annotated[list[SyncPart], Field(max_length=MAX_ENTRIES)] = []
