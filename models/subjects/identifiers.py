"""Subject identifiers: a subject's id, an email address, or an account of an internal system."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Self
from uuid import UUID

from models.encryption.keyring import Keyring, LookupHash
from models.errors import BadInput
from models.storage import validation
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
        normalized = validation.email_address(text, argument)
        return cls("email", validation.lookup_form(normalized), normalized)

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

    @property
    def kind(self) -> str:
        return self.identifier.kind

    @property
    def newest(self) -> LookupHash:
        """The hash that new rows store."""
        return self.hashes[0]

    @property
    def digests(self) -> list[bytes]:
        """The hashes that stored rows may hold."""
        return [lookup_hash.digest for lookup_hash in self.hashes]


def hash_identifier(keyring: Keyring, identifier: SubjectIdentifier) -> HashedIdentifier:
    """Hash an email address or an account under every version of the lookup key."""
    if isinstance(identifier.lookup_key, UUID):
        return HashedIdentifier(identifier, ())
    return HashedIdentifier(identifier, keyring.lookup_hashes(identifier.kind, identifier.lookup_key))


def parse_system_name(text: str, argument: str) -> str:
    """Return the name of an internal system. BAD_INPUT when it is not lower-case words joined by dashes."""
    if len(text) > SYSTEM_LENGTH or not _SYSTEM.fullmatch(text):
        raise BadInput(argument, "it is not a system's name (lower-case words, joined by dashes)")
    return text
