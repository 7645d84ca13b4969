"""From a line's octets to a person, or to the refusal that says what is wrong without repeating it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn

import orjson
from pydantic import ValidationError

from cli.importing.format import ClientPart, ConsentPart, PersonPart, SyncPart, utc
from models.consent.purposes import REFUSABLE_BASES, PurposeRow
from models.errors import BadInput, CardNumberRefused, PurposeNotRefusable, Underage, UnknownPurpose
from models.payments import fragments as payments_fragments
from models.payments.fragments import FragmentInput
from models.registration.records import ImportedConsent, ImportedSubject, ImportedSync
from models.storage import validation
from models.storage.card_numbers import contains_card_number, number_looks_like_card
from models.storage.clock import CLOCK_SKEW, now
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import NAME_LENGTH
from models.sync import reports
from models.sync.reports import ClientReport, FileReport, SyncReport

_PROBLEMS = {
    "missing": "it is missing",
    "extra_forbidden": "it holds a key that the format does not have",
    "too_long": "it lists too many",
}


def parse_person(line: bytes | None, known: Mapping[str, PurposeRow]) -> ImportedSubject:
    """Read a line; Refused with the code and the argument when it is not one of the format."""
    if line is None:
        raise BadInput("line", "it is longer than 1 MiB")
    try:
        parsed = orjson.loads(line)
    except ValueError:
        raise BadInput("line", "it is not a JSON object in UTF-8") from None
    if contains_card_number(parsed):
        raise CardNumberRefused
    if isinstance(parsed, dict) and parsed.get("isUnder13") is True:
        raise Underage
    try:
        said = PersonPart.model_validate_json(line)
    except ValidationError as error:
        _refuse(error)
    return ImportedSubject(
        _once(_addresses(said)),
        _once(
            SubjectIdentifier.account(account.system, account.reference, f"accounts.{index}")
            for index, account in enumerate(said.accounts)
        ),
        validation.single_line(said.display_name, "displayName", NAME_LENGTH)
        if said.display_name is not None
        else None,
        validation.country_code(said.country, "country") if said.country is not None else None,
        [_consent(consent, f"consents.{index}", known) for index, consent in enumerate(said.consents)],
        _fragments(said),
        _syncs(said.sync_accounts),
    )


def _addresses(said: PersonPart) -> list[SubjectIdentifier]:
    further = [
        SubjectIdentifier.email(text, f"additionalEmails.{index}") for index, text in enumerate(said.additional_emails)
    ]
    return [SubjectIdentifier.email(said.email, "email"), *further]


def _refuse(error: ValidationError) -> NoReturn:
    """Say where the form is wrong. A number where a text belongs, or where nothing belongs, may be a card's."""
    problems = error.errors(include_url=False, include_context=False)
    if any(_is_card(problem) for problem in problems):
        raise CardNumberRefused from None
    first = problems[0]
    unknown = first["type"] == "extra_forbidden"
    # The name of a key that is none of the format's is the caller's own.
    place = first["loc"][:-1] if unknown else first["loc"]
    argument = ".".join(map(str, place)) or "line"
    raise BadInput(argument, _PROBLEMS.get(first["type"], "it is not of the form that the format names")) from None


def _is_card(problem: Mapping[str, Any]) -> bool:
    value = problem["input"]
    return (
        problem["type"] in {"string_type", "extra_forbidden"}
        and isinstance(value, int | float)
        and number_looks_like_card(value)
    )


def _once(names: Iterable[SubjectIdentifier]) -> list[SubjectIdentifier]:
    return list({(name.kind, name.lookup_key): name for name in reversed(list(names))}.values())[::-1]


def _moment(moment: datetime, argument: str) -> datetime:
    try:
        at = utc(moment)
    except OverflowError:
        raise BadInput(argument, "it lies outside the calendar") from None
    if at > now() + CLOCK_SKEW:
        raise BadInput(argument, "it lies in the future")
    return at


def _consent(consent: ConsentPart, argument: str, known: Mapping[str, PurposeRow]) -> ImportedConsent:
    purpose = known.get(consent.purpose)
    if purpose is None:
        raise UnknownPurpose(argument=f"{argument}.purpose")
    if purpose.legal_basis not in REFUSABLE_BASES:
        raise PurposeNotRefusable(argument=f"{argument}.purpose")
    return ImportedConsent(purpose, consent.state == "GRANTED", _moment(consent.at, f"{argument}.at"), consent.channel)


def _demand_single(references: Iterable[str], argument: str) -> None:
    seen = set[str]()
    for index, reference in enumerate(references):
        if reference in seen:
            raise BadInput(f"{argument}.{index}.reference", "it is listed twice")
        seen.add(reference)


def _fragments(said: PersonPart) -> list[FragmentInput]:
    fragments = [
        payments_fragments.validate(
            FragmentInput(card.reference, card.last_digits, card.expiry_month, card.expiry_year),
            f"paymentFragments.{index}",
        )
        for index, card in enumerate(said.payment_fragments)
    ]
    _demand_single((fragment.reference for fragment in fragments), "paymentFragments")
    return fragments


def _syncs(said: Iterable[SyncPart]) -> list[ImportedSync]:
    made = [_sync(part, f"syncAccounts.{index}") for index, part in enumerate(said)]
    _demand_single((synced.sync.reference for synced in made), "syncAccounts")
    return made


def _sync(part: SyncPart, argument: str) -> ImportedSync:
    synced_at = _moment(part.synced_at, f"{argument}.syncedAt")
    files = None
    if part.files is not None:
        files = [
            FileReport(file.name, file.size_bytes, _calendar(file.modified_at, f"{argument}.files.{index}.modifiedAt"))
            for index, file in enumerate(part.files)
        ]
    sync = reports.validate(
        SyncReport(part.reference, part.storage_bytes, part.file_count, synced_at, None, files), now(), argument
    )
    seen: dict[ClientReport, datetime] = {}
    for index, listed in enumerate(part.clients):
        client, at = _client(listed, synced_at, f"{argument}.clients.{index}")
        seen[client] = max(at, seen.get(client, at))
    return ImportedSync(sync, list(seen.items()))


def _client(part: ClientPart, synced_at: datetime, argument: str) -> tuple[ClientReport, datetime]:
    client = ClientReport(part.app, part.version, part.platform, part.user_agent)
    at = _moment(part.last_seen_at, f"{argument}.lastSeenAt") if part.last_seen_at else synced_at
    return reports.validate_client(client, argument), at


def _calendar(moment: datetime, argument: str) -> datetime:
    """Give a moment that others' clocks set: a file may well be dated ahead."""
    try:
        return utc(moment)
    except OverflowError:
        raise BadInput(argument, "it lies outside the calendar") from None
