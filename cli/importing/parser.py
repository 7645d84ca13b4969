"""Parse a line into a person, or raise an error that names the argument and never repeats a value."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from pydantic import ValidationError

from cli.importing.format import TIME_ERROR, ClientPart, ConsentPart, PersonPart, SyncPart
from models.consent.ledger import Channel
from models.consent.purposes import REFUSABLE_BASES, PolicyVersions, PurposeRow
from models.consent.recording import BEFORE_FIRST_POLICY
from models.errors import BadInput, CardNumberRefused, PurposeNotRefusable, Underage, UnknownPurpose
from models.payments import fragments as payments_fragments
from models.payments.fragments import FragmentInput
from models.registration.records import ImportedConsent, ImportedSubject, ImportedSync
from models.storage import rfc3339, strict_json, validation
from models.storage.card_fields import contains_card_number
from models.storage.card_numbers import number_looks_like_card
from models.storage.clock import CLOCK_SKEW, now
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import NAME_LENGTH
from models.sync import reports
from models.sync.file_lists import FileReport
from models.sync.reports import ClientReport, SyncReport

_PROBLEMS = {
    "missing": "it is missing",
    "extra_forbidden": "it has a key that the format does not define",
    "too_long": "it has too many entries",
    TIME_ERROR: rfc3339.PROBLEM,
}


def parse_person(line: bytes | None, purposes: Mapping[str, PurposeRow], policies: PolicyVersions) -> ImportedSubject:
    """Parse a line; raise Refusal with a code and an argument when it does not follow the format."""
    if line is None:
        raise BadInput("line", "it is longer than 1 MiB")
    try:
        parsed = strict_json.parse(line)
    except strict_json.RepeatedKeyError:
        raise BadInput("line", "an object in it has the same key twice") from None
    except ValueError:
        raise BadInput("line", "it is not a JSON object in UTF-8") from None
    if contains_card_number(parsed) and contains_card_number(_without_reported_texts(parsed)):
        raise CardNumberRefused
    if isinstance(parsed, dict) and parsed.get("isUnder13") is True:
        raise Underage
    try:
        part = PersonPart.model_validate_json(line)
    except ValidationError as error:
        _raise_refusal(error)
    return ImportedSubject(
        _unique(_email_identifiers(part)),
        _unique(
            SubjectIdentifier.account(account.system, account.reference, f"accounts.{index}")
            for index, account in enumerate(part.accounts)
        ),
        validation.single_line(part.display_name, "displayName", NAME_LENGTH)
        if part.display_name is not None
        else None,
        validation.country_code(part.country, "country") if part.country is not None else None,
        [_consent(consent, f"consents.{index}", purposes, policies) for index, consent in enumerate(part.consents)],
        _fragments(part),
        _syncs(part.sync_accounts),
    )


def _without_reported_texts(parsed: Any) -> Any:
    """Return a line without file names and user agents, in which ``reports`` replaces card numbers."""
    if not isinstance(parsed, dict) or not isinstance(parsed.get("syncAccounts"), list):
        return parsed
    syncs = []
    for sync in parsed["syncAccounts"]:
        stripped = sync
        if isinstance(sync, dict):
            for part, reported in (("files", "name"), ("clients", "userAgent")):
                if isinstance(sync.get(part), list):
                    stripped = stripped | {part: [_without_text(each, reported) for each in sync[part]]}
        syncs.append(stripped)
    return parsed | {"syncAccounts": syncs}


def _without_text(part: Any, reported: str) -> Any:
    if not isinstance(part, dict):
        return part
    return {key: value for key, value in part.items() if key != reported or not isinstance(value, str)}


def _email_identifiers(part: PersonPart) -> list[SubjectIdentifier]:
    additional = [
        SubjectIdentifier.email(text, f"additionalEmails.{index}") for index, text in enumerate(part.additional_emails)
    ]
    return [SubjectIdentifier.email(part.email, "email"), *additional]


def _raise_refusal(error: ValidationError) -> NoReturn:
    """Raise BadInput for the first problem, or CardNumberRefused for any number that may be a card number.

    Only a number in the place of a text or under an unknown key is checked: byte counts are not card numbers.
    """
    problems = error.errors(include_url=False, include_context=False)
    if any(_may_be_card_number(problem) for problem in problems):
        raise CardNumberRefused from None
    first = problems[0]
    # An unknown key is itself an input value, so that only its parent is named.
    location = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    argument = ".".join(map(str, location)) or "line"
    raise BadInput(
        argument, _PROBLEMS.get(first["type"], "it has not the type or the value that the format defines")
    ) from None


def _may_be_card_number(problem: Mapping[str, Any]) -> bool:
    value = problem["input"]
    return (
        problem["type"] in {"string_type", "extra_forbidden", TIME_ERROR}
        and isinstance(value, int | float)
        and number_looks_like_card(value)
    )


def _unique(identifiers: Iterable[SubjectIdentifier]) -> list[SubjectIdentifier]:
    """Return the identifiers in order, each of them once."""
    first = {(identifier.kind, identifier.lookup_key): identifier for identifier in reversed(list(identifiers))}
    return list(first.values())[::-1]


def _past_time(time: datetime, argument: str) -> datetime:
    """Return the time; raise BadInput when it lies further in the future than clocks may differ."""
    if time > now() + CLOCK_SKEW:
        raise BadInput(argument, "it lies in the future")
    return time


def _consent(
    consent: ConsentPart, argument: str, purposes: Mapping[str, PurposeRow], policies: PolicyVersions
) -> ImportedConsent:
    purpose = purposes.get(consent.purpose)
    if purpose is None:
        raise UnknownPurpose(argument=f"{argument}.purpose")
    if purpose.legal_basis not in REFUSABLE_BASES:
        raise PurposeNotRefusable(argument=f"{argument}.purpose")
    if consent.state == "GRANTED" and consent.channel is Channel.GPC:
        raise BadInput(f"{argument}.channel", "Global Privacy Control signals only refuse")
    at = _past_time(consent.at, f"{argument}.at")
    in_force = policies.in_force(at)
    if consent.state == "GRANTED" and in_force is None:
        raise BadInput(f"{argument}.at", BEFORE_FIRST_POLICY)
    if consent.policy_version is not None and not policies.is_registered(consent.policy_version):
        raise BadInput(f"{argument}.policyVersion", "no such version of the privacy policy is registered")
    version = consent.policy_version or in_force or policies.first
    return ImportedConsent(purpose, consent.state == "GRANTED", at, consent.channel, version)


def _require_unique_references(references: Iterable[str], argument: str) -> None:
    seen = set[str]()
    for index, reference in enumerate(references):
        if reference in seen:
            raise BadInput(f"{argument}.{index}.reference", "it is listed twice")
        seen.add(reference)


def _fragments(part: PersonPart) -> list[FragmentInput]:
    fragments = [
        payments_fragments.validate(
            FragmentInput(card.reference, card.last_digits, card.expiry_month, card.expiry_year),
            f"paymentFragments.{index}",
        )
        for index, card in enumerate(part.payment_fragments)
    ]
    _require_unique_references((fragment.reference for fragment in fragments), "paymentFragments")
    return fragments


def _syncs(parts: Iterable[SyncPart]) -> list[ImportedSync]:
    syncs = [_sync(part, f"syncAccounts.{index}") for index, part in enumerate(parts)]
    _require_unique_references((imported.sync.reference for imported in syncs), "syncAccounts")
    return syncs


def _sync(part: SyncPart, argument: str) -> ImportedSync:
    synced_at = _past_time(part.synced_at, f"{argument}.syncedAt")
    files = None
    if part.files is not None:
        files = [FileReport(file.name, file.size_bytes, file.modified_at) for file in part.files]
    sync = reports.validate(
        SyncReport(part.reference, part.storage_bytes, part.file_count, synced_at, None, files), now(), argument
    )
    last_seen: dict[ClientReport, datetime] = {}
    for index, client_part in enumerate(part.clients):
        client, at = _client(client_part, synced_at, f"{argument}.clients.{index}")
        last_seen[client] = max(at, last_seen.get(client, at))
    return ImportedSync(sync, list(last_seen.items()))


def _client(part: ClientPart, synced_at: datetime, argument: str) -> tuple[ClientReport, datetime]:
    client = ClientReport(part.app, part.version, part.platform, part.user_agent)
    at = _past_time(part.last_seen_at, f"{argument}.lastSeenAt") if part.last_seen_at else synced_at
    return reports.normalize_client(client, argument), at
