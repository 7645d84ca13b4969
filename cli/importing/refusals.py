"""What counts of lines that an import refuses: refusals and reports of children need no correct form."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from models.consent.purposes import REFUSABLE_BASES, PurposeRow
from models.errors import BadInput
from models.subjects.identifiers import SubjectIdentifier

_REFUSAL_STATES = frozenset({"WITHDRAWN", "OBJECTED"})
_MAX_ADDRESSES = 101
"""The primary address and 100 additional ones, as in the format."""


class LineRefusals(NamedTuple):
    """The addresses of a line, and the purposes that it refuses."""

    addresses: list[SubjectIdentifier]
    purposes: list[str]


def find_refusals(line: bytes | None, purposes: Mapping[str, PurposeRow]) -> LineRefusals | None:
    """Return the refusals of a line that is a JSON object, or None. Lines about children have none.

    Keys may be repeated, and everything but addresses, purposes and states may be wrong.
    """
    try:
        parsed = json.loads(line or b"", object_pairs_hook=_collect)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict) or True in parsed.get("isUnder13", []):
        return None
    refused = {
        purpose
        for consent in _objects(parsed.get("consents", []))
        if any(
            isinstance(state, str) and state.strip().upper() in _REFUSAL_STATES for state in consent.get("state", [])
        )
        for purpose in consent.get("purpose", [])
        if isinstance(purpose, str) and purpose in purposes and purposes[purpose].legal_basis in REFUSABLE_BASES
    }
    addresses = {identifier.lookup_key: identifier for identifier in _addresses(parsed)}
    if not refused or not addresses:
        return None
    return LineRefusals(list(addresses.values())[:_MAX_ADDRESSES], sorted(refused))


def find_children(line: bytes | None) -> list[SubjectIdentifier]:
    """Return the addresses and accounts of a line that reports a child under 13; none of another line.

    Keys may be repeated, and everything but ``isUnder13`` and the names may be wrong.
    """
    try:
        parsed = json.loads(line or b"", object_pairs_hook=_collect)
    except (ValueError, RecursionError):
        return []
    if not isinstance(parsed, dict) or True not in parsed.get("isUnder13", []):
        return []
    names = {identifier[:2]: identifier for identifier in (*_addresses(parsed), *_accounts(parsed))}
    return list(names.values())[:_MAX_ADDRESSES]


def _collect(pairs: list[tuple[str, Any]]) -> dict[str, list[Any]]:
    """Return all values of each key, so that a repeated key hides none."""
    values: dict[str, list[Any]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return values


def _objects(values: list[Any]) -> Iterator[dict[str, list[Any]]]:
    for value in values:
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict))


def _accounts(parsed: dict[str, list[Any]]) -> Iterator[SubjectIdentifier]:
    for account in _objects(parsed.get("accounts", [])):
        for system in account.get("system", []):
            for reference in account.get("reference", []):
                if isinstance(system, str) and isinstance(reference, str):
                    with suppress(BadInput):
                        yield SubjectIdentifier.account(system, reference)


def _addresses(parsed: dict[str, list[Any]]) -> Iterator[SubjectIdentifier]:
    for values in (parsed.get("email", []), *parsed.get("additionalEmails", [])):
        for text in values if isinstance(values, list) else [values]:
            try:
                yield SubjectIdentifier.any_email(text if isinstance(text, str) else "")
            except BadInput:
                continue
