"""The look-up keys of many people: each identifier is validated and hashed once an operation, in slices."""

from collections.abc import Hashable, Sequence
from typing import Any

from models.encryption.keyring import Keyring
from models.storage import validation
from models.storage.ids import Prefix, parse_ids_of
from models.storage.turns import Steps
from models.subjects.identifiers import SubjectIdentifier, lookup_digests

SLICE_WEIGHT = 256
"""The weight of the identifiers of one slice: a millisecond or two of computing."""
SLOW_WEIGHT = 16
"""The weight of an address that is not plain ASCII: its validation takes so much longer."""


class Identification:
    """The look-up hashes of the identifiers of one operation, by their text."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._digests: dict[Hashable, Sequence[bytes]] = {}
        self._weight = 0
        """The weight of the identifiers since the last pause, of all lists of the operation."""
        self.validations = 0
        """How many identifiers were validated."""

    def keys(self, kind: str, entries: Sequence[Any], argument: str) -> Steps[list[Any]]:
        """Compute the look-up hashes of addresses or accounts, or the ids of people.

        BAD_INPUT for the first malformed id or account. An address that no person can have is an unknown person's.
        """
        if kind == "id":
            return parse_ids_of(Prefix.SUBJECT, entries, f"{argument}.ids")
        texts = entries if kind == "email" else [(account.system, account.reference) for account in entries]
        digests = self._digests
        for index, text in enumerate(texts):
            if text in digests:
                continue
            if self._weight >= SLICE_WEIGHT:
                yield
                self._weight = 0
            digests[text] = self._hash(kind, text, f"{argument}.accounts.{index}")
            is_slow = kind == "email" and not validation.is_plain_address(text)
            self._weight += SLOW_WEIGHT if is_slow else 1
        return [digests[text] for text in texts]

    def _hash(self, kind: str, text: Any, argument: str) -> Sequence[bytes]:
        self.validations += 1
        if kind == "email":
            identifier = SubjectIdentifier.email_or_unknown(text)
        else:
            system, reference = text
            identifier = SubjectIdentifier.account(system, reference, argument)
        key: Any = identifier.lookup_key
        return lookup_digests(self._keyring, kind, key)
