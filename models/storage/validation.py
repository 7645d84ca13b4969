"""Validation of text that callers send: single lines of limited length, printable and normalised."""

import re
import unicodedata

import pycountry
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from models.errors import BadInput

# Written out, and not read from unicodedata, so that the Python version of a host does not decide what is valid.
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line and paragraph separators, bidirectional embeddings, overrides and isolates, surrogates."""
INVISIBLE = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The characters of a regular expression's set that show nothing: default ignorable ones and the Braille blank."""
_BLANK = re.compile(rf"[\s{INVISIBLE}]*")
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_PLAIN_ADDRESS = re.compile(r"[a-z0-9_%+-]+(?:\.[a-z0-9_%+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
MAX_ADDRESS_LENGTH = 254
"""The maximum length of a path without its brackets (RFC 5321, 4.5.3.1.3)."""
MAX_LOCAL_PART_LENGTH = 64


def single_line(text: str, argument: str, max_length: int) -> str:
    """Return the text in Unicode's normal form C, without white space at its ends.

    Raise BAD_INPUT if it is longer than ``max_length`` characters, shows nothing, or contains a control character, a
    line separator or a bidirectional control. Unassigned and private-use characters are accepted.
    """
    if len(text) > max_length:
        raise BadInput(argument, f"it is longer than {max_length} characters")
    if not text.isascii() or not text.isprintable():
        if _REFUSED.search(text):
            raise BadInput(argument, "it contains a control character")
        text = unicodedata.normalize("NFC", text)
        if len(text) > max_length:
            raise BadInput(argument, f"it is longer than {max_length} characters")
    if _BLANK.fullmatch(text):
        raise BadInput(argument, "it is empty")
    return text.strip()


def optional_line(text: str | None, argument: str, max_length: int) -> str | None:
    """Return a text as ``single_line`` does; None without one. An empty text is refused, and not taken for none."""
    return None if text is None else single_line(text, argument, max_length)


def file_name(text: str, argument: str, max_length: int) -> str:
    """Return a file's name unchanged: operating systems permit line breaks and any other character in it.

    Raise BAD_INPUT if it is empty, longer than ``max_length`` characters, or contains NUL or half a surrogate pair.
    """
    if not text:
        raise BadInput(argument, "it is empty")
    if len(text) > max_length:
        raise BadInput(argument, f"it is longer than {max_length} characters")
    if _NO_TEXT.search(text):
        raise BadInput(argument, "it contains NUL or half a surrogate pair")
    return text


def email_address(text: str, argument: str) -> str:
    """Return an email address as it is stored and written to (RFC 5321, RFC 6531). Raise BAD_INPUT if it is invalid."""
    if len(text) > MAX_ADDRESS_LENGTH:
        raise BadInput(argument, "it is not an email address")
    if is_plain_address(text):
        return text
    try:
        return validate_email(
            single_line(text, argument, MAX_ADDRESS_LENGTH), check_deliverability=False, globally_deliverable=False
        ).normalized
    except EmailNotValidError:
        raise BadInput(argument, "it is not an email address") from None


def is_plain_address(text: str) -> bool:
    """Return whether a text is an address in the form that most have, which is stored unchanged."""
    return bool(
        _PLAIN_ADDRESS.fullmatch(text)
        and text.index("@") <= MAX_LOCAL_PART_LENGTH
        and "--" not in text
        and text.rpartition(".")[2] not in SPECIAL_USE_DOMAIN_NAMES
    )


def country_code(text: str, argument: str) -> str:
    """Return a country code. Raise BAD_INPUT if it is not one of ISO 3166-1 alpha-2, in capitals."""
    if text not in COUNTRIES:
        raise BadInput(argument, "it is not a country code of two capitals (ISO 3166-1 alpha-2)")
    return text


COUNTRIES = frozenset(country.alpha_2 for country in pycountry.countries)
