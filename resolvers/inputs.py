"""Inputs and arguments: how callers identify people and which values they send."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import UNSET

from models.consent.ledger import Channel
from models.errors import QueryTooLarge
from models.payments.fragments import FragmentInput
from models.registration.corrections import UNCHANGED, Correction
from models.registration.registering import Registration
from models.storage.ids import Prefix, parse_ids_of
from models.storage.turns import Steps
from models.subjects.identifiers import SubjectIdentifier, SubjectIdentifiers
from models.sync.file_lists import FileReport
from models.sync.reports import ClientReport, SyncReport
from resolvers.scalars import BigInt

MAX_SUBJECTS = 1000
_Value = TypeVar("_Value")


def none_if_unset(value: _Value | None) -> _Value | None:
    """Return the value, or None where the caller left the argument out."""
    return None if value is UNSET else value


def input_field(description: str, default: Any = ...) -> Any:
    """Declare a field of an input type; without a default it is required."""
    return strawberry.field(description=description, **({} if default is ... else {"default": default}))


@strawberry.input(description="A person, identified by an account in an internal system.")
class AccountRef:
    system: str = input_field("The internal system, such as `store`.")
    reference: str = input_field("The person's reference in that system.")


@strawberry.input(one_of=True, description="Identifies one person, by exactly one key.")
class SubjectBy:
    id: strawberry.ID | None = input_field("The person's id: `sub_` and 32 hex digits.", UNSET)
    email: str | None = input_field(
        "An email address of the person. Any text with an `@` can be looked up and opted out.", UNSET
    )
    account: AccountRef | None = input_field("An account of the person in an internal system.", UNSET)

    def identifier(self, argument: str = "subject") -> SubjectIdentifier:
        """Return the identifier; raise BAD_INPUT when it is malformed."""
        if self.id is not UNSET and self.id is not None:
            return SubjectIdentifier.id(self.id, f"{argument}.id")
        if self.account:
            return SubjectIdentifier.account(self.account.system, self.account.reference, f"{argument}.account")
        return SubjectIdentifier.any_email(self.email or "", f"{argument}.email")


@strawberry.input(
    one_of=True,
    description="Identifies up to 1,000 people, by exactly one key. The answers keep this order.",
)
class SubjectsBy:
    ids: list[strawberry.ID] | None = input_field("Ids of people.", UNSET)
    emails: list[str] | None = input_field(
        "Email addresses of people. A text that is no address is an unknown person.", UNSET
    )
    accounts: list[AccountRef] | None = input_field("Accounts of people in internal systems.", UNSET)

    def entries(self, argument: str = "subjects") -> tuple[str, Sequence[Any]]:
        """Return the kind of the identifiers and the identifiers as they were sent; QUERY_TOO_LARGE past 1,000."""
        kind = "email" if self.emails else "account" if self.accounts else "id"
        entries: Sequence[Any] = self.ids or self.emails or self.accounts or ()
        if len(entries) > MAX_SUBJECTS:
            raise QueryTooLarge(argument=argument, most=MAX_SUBJECTS)
        return kind, entries

    def identification_steps(self, argument: str = "subjects") -> Steps[SubjectIdentifiers]:
        """Return the identifiers; raise QUERY_TOO_LARGE past 1,000, BAD_INPUT for the first malformed id or account.

        Addresses are validated in steps, of which each takes few of them. An address that no person can have is an
        unknown person and does not refuse the other ones.
        """
        entries: Sequence[object] = self.ids or self.emails or self.accounts or ()
        if len(entries) > MAX_SUBJECTS:
            raise QueryTooLarge(argument=argument, most=MAX_SUBJECTS)
        if self.emails:
            keys = []
            for count, text in enumerate(self.emails, start=1):
                keys.append(SubjectIdentifier.email_or_unknown(text).lookup_key)
                if count % SLICE_ADDRESSES == 0:
                    yield
            return SubjectIdentifiers("email", keys)
        if self.accounts:
            accounts = [
                SubjectIdentifier.account(account.system, account.reference, f"{argument}.accounts.{index}")
                for index, account in enumerate(self.accounts)
            ]
            return SubjectIdentifiers("account", [account.lookup_key for account in accounts])
        return SubjectIdentifiers("id", parse_ids_of(Prefix.SUBJECT, self.ids or [], f"{argument}.ids"))


SubjectArgument = Annotated[SubjectBy, strawberry.argument(description="The person.")]
PurposeArgument = Annotated[str, strawberry.argument(description="The purpose's name, such as `newsletter`.")]
ChannelArgument = Annotated[
    Channel, strawberry.argument(description="The channel on which the person made the choice.")
]
IdArgument = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]


@strawberry.input(description="The values with which a service registers a person.")
class RegisterSubjectInput:
    email: str = input_field("The person's email address.")
    display_name: str | None = input_field("The person's name, at most 200 characters.", UNSET)
    country: str | None = input_field("The person's country, as an ISO 3166-1 alpha-2 code.", UNSET)
    account: AccountRef | None = input_field("The person's account in the service.", UNSET)
    is_under_13: bool = strawberry.field(
        name="isUnder13",
        description="Whether the person is known to be under 13. If true, nothing is stored.",
        default=False,
    )

    def registration(self) -> Registration:
        return Registration(
            self.email,
            none_if_unset(self.display_name),
            none_if_unset(self.country),
            (self.account.system, self.account.reference) if self.account else None,
            self.is_under_13,
        )


@strawberry.input(description="The values to correct. An absent key changes nothing; null clears a value.")
class CorrectSubjectInput:
    display_name: str | None = input_field("The person's name.", UNSET)
    country: str | None = input_field("The person's country, as an ISO 3166-1 alpha-2 code.", UNSET)
    add_email: str | None = input_field("An address to add.", UNSET)
    remove_email: str | None = input_field(
        "An address to remove. The last address of a person cannot be removed.", UNSET
    )
    primary_email: str | None = input_field("The address that letters are sent to from now on.", UNSET)

    def correction(self) -> Correction:
        return Correction(
            UNCHANGED if self.display_name is UNSET else self.display_name,
            UNCHANGED if self.country is UNSET else self.country,
            none_if_unset(self.add_email),
            none_if_unset(self.remove_email),
            none_if_unset(self.primary_email),
        )


@strawberry.input(description="The parts of a card that are stored. No other part is accepted.")
class PaymentFragmentInput:
    reference: str = input_field(
        "The store's own key for this card: neither its number nor a token that can charge it."
    )
    last_digits: str = input_field("The last four digits, exactly.")
    expiry_month: int = input_field("The month in which the card expires, 1 to 12.")
    expiry_year: int = input_field("The year in which the card expires, four digits.")

    def fragment(self) -> FragmentInput:
        return FragmentInput(self.reference, self.last_digits, self.expiry_month, self.expiry_year)


@strawberry.input(description="A program that synced.")
class SyncClientInput:
    app: str = input_field("The program's name.")
    version: str = input_field("The program's version.")
    platform: str = input_field("The platform that it runs on.")
    user_agent: str = input_field("Its User-Agent header.")


SLICE_ADDRESSES = 16
"""The addresses that are validated without a pause: those with international domains take 50 us each."""
REPORTED_TEXTS = frozenset(
    {
        ("SyncFileInput", "name"),
        ("SyncClientInput", "userAgent"),
        ("failErasureStep", "error"),
        ("failExportStep", "error"),
    }
)
"""Texts that a machine reports, by input type or mutation: a card number in one is replaced and refuses nothing."""


@strawberry.input(description="The metadata of a file.")
class SyncFileInput:
    name: str = input_field(
        "The file's name, stored unchanged. A name that looks like a card number is replaced by a placeholder."
    )
    size_bytes: BigInt = input_field("The file's size in bytes.")
    modified_at: datetime = input_field("When the file was last changed.")


@strawberry.input(description="The report of the sync service after a sync.")
class SyncInput:
    reference: str = input_field("The sync service's own reference of the account.")
    storage_bytes: BigInt = input_field("The number of bytes that the person stores.")
    file_count: int = input_field("The number of files that the person stores.")
    synced_at: datetime = input_field(
        "When the account synced. A report that arrives late does not overwrite a newer one."
    )
    client: SyncClientInput | None = input_field("The program that synced.", UNSET)
    files: list[SyncFileInput] | None = input_field("All files of the account at that time, at most 1,000.", UNSET)

    def report(self) -> SyncReport:
        """Return the report. Mutations of one operation that name the same variable share it."""
        return self._report

    @cached_property
    def _report(self) -> SyncReport:
        client = self.client
        return SyncReport(
            self.reference,
            self.storage_bytes,
            self.file_count,
            self.synced_at,
            ClientReport(client.app, client.version, client.platform, client.user_agent) if client else None,
            [FileReport(file.name, file.size_bytes, file.modified_at) for file in self.files]
            if self.files or self.files == []
            else None,
            verdicts={},
        )
