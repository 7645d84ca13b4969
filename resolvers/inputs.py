"""How callers name people, and what they say of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import strawberry
from strawberry import UNSET

from models.errors import QueryTooLarge, Refusal
from models.payments.fragments import FragmentInput
from models.registration.corrections import UNCHANGED, Correction
from models.registration.registering import Registration
from models.storage.ids import Prefix, parse_ids_of
from models.subjects.identifiers import SubjectIdentifier, SubjectIdentifiers
from models.sync.reports import ClientReport, FileReport, SyncReport
from resolvers.scalars import BigInt

MOST_PEOPLE = 1000
_Value = TypeVar("_Value")


def given(value: _Value | None) -> _Value | None:
    """Give the value, or None where the key is absent."""
    return None if value is UNSET else value


def _each(
    name: Callable[[str, str], SubjectIdentifier], texts: Sequence[str], argument: str
) -> list[SubjectIdentifier]:
    """Give the name that each text is; the first malformed one is refused by its place, which nobody else needs."""
    names: list[SubjectIdentifier] = []
    for text in texts:
        try:
            names.append(name(text, argument))
        except Refusal:
            name(text, f"{argument}.{len(names)}")
            raise
    return names


def said(description: str, default: Any = ...) -> Any:
    """Declare a field of an input: one that must be given, or one with a default."""
    return strawberry.field(description=description, **({} if default is ... else {"default": default}))


@strawberry.input(description="A person as one internal system knows them.")
class AccountRef:
    system: str = said("The internal system, such as `store`.")
    reference: str = said("What that system calls the person.")


@strawberry.input(one_of=True, description="How a caller names one person. Exactly one key.")
class SubjectBy:
    id: strawberry.ID | None = said("The person's id: `sub_` and 32 hex digits.", UNSET)
    email: str | None = said("A mail address of the person.", UNSET)
    account: AccountRef | None = said("The person as one internal system knows them.", UNSET)

    def name(self, argument: str = "subject") -> SubjectIdentifier:
        """Give the name that this is; BAD_INPUT when it is malformed."""
        if self.id is not UNSET and self.id is not None:
            return SubjectIdentifier.id(self.id, f"{argument}.id")
        if self.account:
            return SubjectIdentifier.account(self.account.system, self.account.reference, f"{argument}.account")
        return SubjectIdentifier.email(self.email or "", f"{argument}.email")


@strawberry.input(
    one_of=True,
    description="How a caller names many people. Exactly one key; at most 1,000 entries; answers keep this order.",
)
class SubjectsBy:
    ids: list[strawberry.ID] | None = said("Ids of people.", UNSET)
    emails: list[str] | None = said("Mail addresses of people.", UNSET)
    accounts: list[AccountRef] | None = said("People as internal systems know them.", UNSET)

    def names(self, argument: str = "subjects") -> SubjectIdentifiers:
        """Give the names that these are; QUERY_TOO_LARGE past 1,000, BAD_INPUT for the first malformed one."""
        given: Sequence[object] = self.ids or self.emails or self.accounts or ()
        if len(given) > MOST_PEOPLE:
            raise QueryTooLarge(argument=argument, most=MOST_PEOPLE)
        if self.emails:
            return SubjectIdentifiers(
                "email", [name.lookup_key for name in _each(SubjectIdentifier.email, self.emails, f"{argument}.emails")]
            )
        if self.accounts:
            accounts = enumerate(self.accounts)
            place = f"{argument}.accounts"
            named = [
                SubjectIdentifier.account(each.system, each.reference, f"{place}.{index}") for index, each in accounts
            ]
            return SubjectIdentifiers("account", [name.lookup_key for name in named])
        return SubjectIdentifiers("id", parse_ids_of(Prefix.SUBJECT, self.ids or [], f"{argument}.ids"))


@strawberry.input(description="What a service knows of a person when it registers them.")
class RegisterSubjectInput:
    email: str = said("The person's mail address.")
    display_name: str | None = said("The person's name, at most 200 characters.", UNSET)
    country: str | None = said("The person's country, as ISO 3166-1 alpha-2 has it.", UNSET)
    account: AccountRef | None = said("What the service itself calls the person.", UNSET)
    is_under_13: bool = strawberry.field(
        name="isUnder13",
        description="Whether the person is known to be under 13: then nothing is stored.",
        default=False,
    )

    def registration(self) -> Registration:
        return Registration(
            self.email,
            given(self.display_name),
            given(self.country),
            (self.account.system, self.account.reference) if self.account else None,
            self.is_under_13,
        )


@strawberry.input(description="What is to be put right. A key that is absent changes nothing; null clears a value.")
class CorrectSubjectInput:
    display_name: str | None = said("The person's name.", UNSET)
    country: str | None = said("The person's country, as ISO 3166-1 alpha-2 has it.", UNSET)
    add_email: str | None = said("An address to add.", UNSET)
    remove_email: str | None = said("An address to take away; the last one stays.", UNSET)
    primary_email: str | None = said("The address that letters go to from now on.", UNSET)

    def correction(self) -> Correction:
        return Correction(
            UNCHANGED if self.display_name is UNSET else self.display_name,
            UNCHANGED if self.country is UNSET else self.country,
            given(self.add_email),
            given(self.remove_email),
            given(self.primary_email),
        )


@strawberry.input(description="What the store keeps of a card. There is no room for more.")
class PaymentFragmentInput:
    reference: str = said("The store's own key for this card; not the number, not a token that can charge it.")
    last_digits: str = said("The last four digits, exactly.")
    expiry_month: int = said("The month in which the card expires, 1 to 12.")
    expiry_year: int = said("The year in which the card expires, four digits.")

    def fragment(self) -> FragmentInput:
        return FragmentInput(self.reference, self.last_digits, self.expiry_month, self.expiry_year)


@strawberry.input(description="A program that synced.")
class SyncClientInput:
    app: str = said("The program's name.")
    version: str = said("The program's version.")
    platform: str = said("What it runs on.")
    user_agent: str = said("What it sends as its User-Agent.")


@strawberry.input(description="What is known of a file.")
class SyncFileInput:
    name: str = said("The file's name.")
    size_bytes: BigInt = said("The file's size in bytes.")
    modified_at: datetime = said("When the file was changed last.")


@strawberry.input(description="What the sync service says after a sync.")
class SyncInput:
    reference: str = said("What the sync service calls the account.")
    storage_bytes: BigInt = said("How many bytes the person stores.")
    file_count: int = said("How many files the person stores.")
    synced_at: datetime = said("When it synced; what arrives late does not undo what is newer.")
    client: SyncClientInput | None = said("The program that synced.", UNSET)
    files: list[SyncFileInput] | None = said("All files that are known of at that time, at most 1,000.", UNSET)

    def sync(self) -> SyncReport:
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
        )
