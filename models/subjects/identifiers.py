"""Subject identifiers: a subject's id, an email address, or an account of an internal system."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Self
from uuid import UUID

from models.encryption.keyring import Keyring, LookupHash
from models.errors import BadInput
from models.storage import address_forms, validation
from models.storage.ids import Prefix, parse_id_of

REFERENCE_LENGTH = 128
SYSTEM_LENGTH = 32
_SYSTEM = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class SubjectIdentifier(NamedTuple):
    """One validated identifier of a subject.

    ``kind`` is ``id``, ``email`` or ``account``. ``lookup_key`` is compared; ``normalized`` is what the service stores.
    """

    kind: str
    lookup_key: str | UUID
    normalized: str = ""
    system: str = ""

    @classmethod
    def id(cls, text: str, argument: str = "subject.id") -> Self:
        return cls("id", parse_id_of(Prefix.SUBJECT, text, argument))

    @classmethod
    def email(cls, text: str, argument: str = "subject.email") -> Self:
        """Return the identifier of an address that may be stored and written to."""
        normalized = validation.email_address(text, argument)
        return cls("email", address_forms.lookup_form(normalized), normalized)

    @classmethod
    def any_email(cls, text: str, argument: str = "subject.email") -> Self:
        """Return the identifier of an address that is looked up or refused only: any text with an ``@``."""
        try:
            return cls.email(text, argument)
        except BadInput:
            address = address_forms.lenient_address(text, argument)
        try:
            return cls.email(address, argument)
        except BadInput:
            return cls("email", address_forms.lookup_form(address), address)

    @classmethod
    def email_or_unknown(cls, text: str) -> Self:
        """Return the identifier of one address of many. A text that is no address gets one that no person has."""
        try:
            return cls.any_email(text)
        except BadInput:
            return cls("email", "")

    @classmethod
    def account(cls, system: str, reference: str, argument: str = "subject.account") -> Self:
        system = parse_system_name(system, f"{argument}.system")
        reference = validation.single_line(reference, f"{argument}.reference", REFERENCE_LENGTH)
        return cls("account", f"{system}\x00{reference}", reference, system)


class SubjectIdentifiers(NamedTuple):
    """The lookup keys of many identifiers, all of one kind."""

    kind: str
    lookup_keys: list[Any]


class HashedIdentifier(NamedTuple):
    """An identifier with its lookup hashes, the newest version first. An id has no hashes."""

    identifier: SubjectIdentifier
    hashes: Sequence[LookupHash]
    former_hashes: Sequence[LookupHash] = ()
    """The hashes of the address's former form. Suppressions and erased identifiers may hold one for ever."""
    is_stored_in_former_form: bool = False
    """Whether rows of people may hold one of ``former_hashes``."""

    @property
    def kind(self) -> str:
        return self.identifier.kind

    @property
    def newest(self) -> LookupHash:
        """The hash that new rows store."""
        return self.hashes[0]

    @property
    def digests(self) -> list[bytes]:
        """The hashes that stored rows of people may hold."""
        return [each.digest for each in (self.all_hashes if self.is_stored_in_former_form else self.hashes)]

    @property
    def all_hashes(self) -> list[LookupHash]:
        """The hashes that rows without the identifier itself may hold: suppressions and erased identifiers."""
        return [*self.hashes, *self.former_hashes]


def hash_identifier(keyring: Keyring, identifier: SubjectIdentifier) -> HashedIdentifier:
    """Hash an email address or an account under every version of the lookup key."""
    kind, key = identifier.kind, identifier.lookup_key
    if isinstance(key, UUID):
        return HashedIdentifier(identifier, ())
    hashes = keyring.lookup_hashes(kind, key)
    if kind == "email" and (former := address_forms.former_lookup_form(key)) != key:
        former_hashes = keyring.lookup_hashes(kind, former)
        return HashedIdentifier(identifier, hashes, former_hashes, keyring.has_former_addresses)
    return HashedIdentifier(identifier, hashes)


def lookup_digests(keyring: Keyring, kind: str, key: str) -> list[bytes]:
    """Return the hashes that stored rows of people may hold for a lookup key, the newest first."""
    if keyring.has_former_addresses:
        return hash_identifier(keyring, SubjectIdentifier(kind, key)).digests
    return [each.digest for each in keyring.lookup_hashes(kind, key)]


def parse_system_name(text: str, argument: str) -> str:
    """Return the name of an internal system. BAD_INPUT when it is not lower-case words joined by dashes."""
    if len(text) > SYSTEM_LENGTH or not _SYSTEM.fullmatch(text):
        raise BadInput(argument, "it is not a system's name (lower-case words, joined by dashes)")
    return text
