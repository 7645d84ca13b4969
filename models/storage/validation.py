"""Single lines of text as callers send them: bounded, printable, in one normal form."""

import re
import unicodedata

import pycountry
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from models.errors import BadInput

_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_PLAIN_ADDRESS = re.compile(r"[a-z0-9_%+-]+(?:\.[a-z0-9_%+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
MAX_ADDRESS_LENGTH = 254
"""RFC 5321, 4.5.3.1.3: what fits into a path, less its brackets."""
MAX_LOCAL_PART_LENGTH = 64


def single_line(text: str, argument: str, most: int) -> str:
    """Give the text in Unicode's form C, without white space at its ends.

    BAD_INPUT when it is empty, longer than ``most`` characters, or holds a character that is not for printing.
    """
    if len(text) > most:
        raise BadInput(argument, f"it is longer than {most} characters")
    if not text.isascii() or not text.isprintable():
        if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
            raise BadInput(argument, "it holds a character that is not for printing")
        text = unicodedata.normalize("NFC", text)
        if len(text) > most:
            raise BadInput(argument, f"it is longer than {most} characters")
    if not (stripped := text.strip()):
        raise BadInput(argument, "it is empty")
    return stripped


def email_address(text: str, argument: str) -> str:
    """Give a mail address as it is kept and written to (RFC 5321 and 6531); BAD_INPUT when it is not one."""
    if len(text) > MAX_ADDRESS_LENGTH:
        raise BadInput(argument, "it is not a mail address")
    if (
        _PLAIN_ADDRESS.fullmatch(text)
        and text.index("@") <= MAX_LOCAL_PART_LENGTH
        and "--" not in text
        and text.rpartition(".")[2] not in SPECIAL_USE_DOMAIN_NAMES
    ):
        return text
    try:
        return validate_email(
            single_line(text, argument, MAX_ADDRESS_LENGTH), check_deliverability=False, globally_deliverable=False
        ).normalized
    except EmailNotValidError:
        raise BadInput(argument, "it is not a mail address") from None


def lookup_form(address: str) -> str:
    """Give the form of a kept address that people are found by: without regard to case."""
    return unicodedata.normalize("NFC", address.casefold())


def country_code(text: str, argument: str) -> str:
    """Give a country's code; BAD_INPUT when it is not one of ISO 3166-1 alpha-2, in capitals."""
    if text not in COUNTRIES:
        raise BadInput(argument, "it is not a country's code of two capitals (ISO 3166-1 alpha-2)")
    return text


COUNTRIES = frozenset(country.alpha_2 for country in pycountry.countries)
