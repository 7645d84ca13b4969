"""Generated from schema.graphql by ``python -m clients.generator``. Do not edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from privacy_client.encoding import UNSET, Unset, check_one_of
from privacy_client.generated.enums import *

__all__ = [
    "AccountRef",
    "CorrectSubjectInput",
    "ForcedDisclosureInput",
    "IncidentInput",
    "PaymentFragmentInput",
    "RecipientInput",
    "RegisterSubjectInput",
    "SubjectBy",
    "SubjectsBy",
    "SyncClientInput",
    "SyncFileInput",
    "SyncInput",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRef:
    """A person, identified by an account in an internal system."""

    system: str
    """The internal system, such as `store`."""
    reference: str
    """The person's reference in that system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectSubjectInput:
    """The values to correct. An absent key changes nothing; null clears a value."""

    display_name: str | None | Unset = UNSET
    """The person's name."""
    country: str | None | Unset = UNSET
    """The person's country, as an ISO 3166-1 alpha-2 code."""
    add_email: str | None | Unset = UNSET
    """An address to add."""
    remove_email: str | None | Unset = UNSET
    """An address to remove. The last address of a person cannot be removed."""
    primary_email: str | None | Unset = UNSET
    """The address that letters are sent to from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFragmentInput:
    """The parts of a card that are stored. No other part is accepted."""

    reference: str
    """The store's own key for this card: neither its number nor a token that can charge it."""
    last_digits: str
    """The last four digits, exactly."""
    expiry_month: int
    """The month in which the card expires, 1 to 12."""
    expiry_year: int
    """The year in which the card expires, four digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientInput:
    """The terms of a recipient."""

    key: str
    """The name in programs: lower-case words, joined by dashes."""
    name: str
    """The name of the company or authority, at most 100 characters."""
    kind: RecipientKind
    """Its role in the processing."""
    function: str
    """What it does, at most 200 characters. It names no person."""
    categories: Sequence[DataCategory]
    """The categories of data that it may get."""
    purposes: Sequence[str]
    """The purposes that it may get data for."""
    country: str
    """Its country, as an ISO 3166-1 alpha-2 code."""
    contract_reference: str
    """The reference of its contract, at most 100 characters."""
    safeguard: TransferSafeguard | None | Unset = UNSET
    """What makes transfers to it lawful. Needed outside the European Economic Area and Switzerland, unless the country has a full adequacy decision."""
    is_direct_marketing: bool | Unset = UNSET
    """Whether it gets data for its own direct marketing."""
    address: str | None | Unset = UNSET
    """Its postal address, at most 200 characters. Direct marketing needs it."""
    contract_ends_on: date | None | Unset = UNSET
    """The last day of its contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSubjectInput:
    """The values with which a service registers a person."""

    email: str
    """The person's email address."""
    display_name: str | None | Unset = UNSET
    """The person's name, at most 200 characters."""
    country: str | None | Unset = UNSET
    """The person's country, as an ISO 3166-1 alpha-2 code."""
    account: AccountRef | None | Unset = UNSET
    """The person's account in the service."""
    is_under13: bool | Unset = UNSET
    """Whether the person is known to be under 13. If true, nothing is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectBy:
    """Identifies one person, by exactly one key."""

    id: str | Unset = UNSET
    """The person's id: `sub_` and 32 hex digits."""
    email: str | Unset = UNSET
    """An email address of the person. Any text with an `@` can be looked up and opted out."""
    account: AccountRef | Unset = UNSET
    """An account of the person in an internal system."""

    def __post_init__(self) -> None:
        """Refuse more and fewer than one key."""
        check_one_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectsBy:
    """Identifies up to 1,000 people, by exactly one key. The answers keep this order."""

    ids: Sequence[str] | Unset = UNSET
    """Ids of people."""
    emails: Sequence[str] | Unset = UNSET
    """Email addresses of people. A text that is no address is an unknown person."""
    accounts: Sequence[AccountRef] | Unset = UNSET
    """Accounts of people in internal systems."""

    def __post_init__(self) -> None:
        """Refuse more and fewer than one key."""
        check_one_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncClientInput:
    """A program that synced."""

    app: str
    """The program's name."""
    version: str
    """The program's version."""
    platform: str
    """The platform that it runs on."""
    user_agent: str
    """Its User-Agent header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFileInput:
    """The metadata of a file."""

    name: str
    """The file's name, stored unchanged. A name that looks like a card number is replaced by a placeholder."""
    size_bytes: int
    """The file's size in bytes."""
    modified_at: datetime
    """When the file was last changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncInput:
    """The report of the sync service after a sync."""

    reference: str
    """The sync service's own reference of the account."""
    storage_bytes: int
    """The number of bytes that the person stores."""
    file_count: int
    """The number of files that the person stores."""
    synced_at: datetime
    """When the account synced. A report that arrives late does not overwrite a newer one."""
    client: SyncClientInput | None | Unset = UNSET
    """The program that synced."""
    files: Sequence[SyncFileInput] | None | Unset = UNSET
    """All files of the account at that time, at most 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedDisclosureInput:
    """A disclosure that law or an emergency forced."""

    subjects: SubjectsBy
    """The people affected, up to 1,000 a call. A later call adds people."""
    ground: ForcedGround
    """Why the data had to be disclosed."""
    authority: str
    """The authority or party that got the data, at most 100 characters."""
    reference: str
    """The reference of the order or the case, at most 100 characters. It names no person."""
    categories: Sequence[DataCategory]
    """The categories of data."""
    disclosed_at: datetime
    """When the data was disclosed."""
    notice_delayed_until: datetime | None | Unset = UNSET
    """When a lawful delay of the letters ends."""
    delay_ground: str | None | Unset = UNSET
    """Why the law permits the delay, at most 200 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentInput:
    """An incident. It affects the people of the access events of an actor or a token in a time range, and the people who are named."""

    kind: IncidentKind
    """What happened."""
    aware_at: datetime
    """When the company became aware of it. The 72 hours begin here."""
    categories: Sequence[DataCategory]
    """The categories of data."""
    actor: str | None | Unset = UNSET
    """The name of an actor whose access events count."""
    token: str | None | Unset = UNSET
    """The id of a token whose access events count."""
    since: datetime | None | Unset = UNSET
    """Only access events from this time on count."""
    until: datetime | None | Unset = UNSET
    """Only access events up to this time count."""
    subjects: SubjectsBy | None | Unset = UNSET
    """People who are affected beside those of the access events."""
    revoke_token: bool | Unset = UNSET
    """Whether the token is revoked at once. PRIVACY and ADMIN only."""
