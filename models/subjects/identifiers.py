"""How callers name a person: by id, by mail address, or by the account that an internal system has."""

import re
from typing import Any, NamedTuple, Self
from uuid import UUID

from models.errors import BadInput
from models.storage import validation
from models.storage.ids import Prefix, parse_id_of

REFERENCE_LENGTH = 128
SYSTEM_LENGTH = 32
_SYSTEM = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class SubjectIdentifier(NamedTuple):
    """A name of one person: its kind, what is looked up, and what is normalized of it."""

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
    """What is looked up of names of many people, all of one kind."""

    kind: str
    lookup_keys: list[Any]


def parse_system_name(text: str, argument: str) -> str:
    """Give the name of an internal system; BAD_INPUT when it has not the form of one."""
    if len(text) > SYSTEM_LENGTH or not _SYSTEM.fullmatch(text):
        raise BadInput(argument, "it is not a system's name (lower-case words, joined by dashes)")
    return text
