"""The forms of an email address by which two spellings are compared.

Two addresses are equal only if mail to them goes to one mailbox by rule: domains are compared as IDNA2008 A-labels, and
local parts by case alone. ``ß`` is not ``ss``, and the two small sigmas are two letters.
"""

import re
import unicodedata
from functools import lru_cache

import idna

from models.errors import BadInput

MAX_LENIENT_LENGTH = 320
"""The maximum length of an address that is only looked up or refused: 64 octets, ``@``, and 255 octets."""

_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NAME_AND_ADDRESS = re.compile(r"[^<>]*<([^<>]+)>")
_FOLDED = re.compile("ss|ff|fi|fl|st|\N{GREEK SMALL LETTER SIGMA}|i\N{COMBINING DOT ABOVE}")
_QUOTED_PAIR = re.compile(r"\\(.)")


def lenient_address(text: str, argument: str) -> str:
    """Return an address that may break the rules of RFC 5321, for look-ups and refusals; it is never written to.

    A name before ``<address>`` and the quotes of a local part are removed. Raise BAD_INPUT when the text has no ``@``,
    is longer than 320 characters, or contains a control character or a lone surrogate.
    """
    if len(text) > MAX_LENIENT_LENGTH:
        raise BadInput(argument, f"it is longer than {MAX_LENIENT_LENGTH} characters")
    address = unicodedata.normalize("NFC", text).strip()
    if len(address) > MAX_LENIENT_LENGTH or any(unicodedata.category(each) in _CONTROL for each in address):
        raise BadInput(argument, "it is too long, or it contains a control character")
    if named := _NAME_AND_ADDRESS.fullmatch(address):
        address = named[1].strip()
    local, at, domain = address.rpartition("@")
    if not at:
        raise BadInput(argument, "it is not an email address: it has no @")
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = _QUOTED_PAIR.sub(r"\1", local[1:-1])
    return f"{local}@{domain}"


def lookup_form(address: str) -> str:
    """Return the form of an address that look-ups compare: the local part in lower case, and the domain's A-labels."""
    if address.isascii() and not _has_a_label(address):
        return address.lower().removesuffix(".")
    local, _, domain = address.rpartition("@")
    return f"{_simple_lower(local)}@{_a_labels(domain)}"


def former_lookup_form(form: str) -> str:
    """Return the form that look-ups compared before: case-folded, with the domain in Unicode.

    ``form`` is a result of ``lookup_form``. The former form merged ``ß`` with ``ss``, for example.
    """
    if form.isascii() and not _has_a_label(form):
        return form
    local, _, domain = form.rpartition("@")
    return unicodedata.normalize("NFC", f"{local}@{_unicode_domain(domain)}".casefold())


def was_merged(address: str) -> bool:
    """Return whether the former form of this address is that of a different address, such as ``ss`` for ``ß``."""
    local, _, domain = address.rpartition("@")
    return any(
        unicodedata.normalize("NFC", part.casefold()) != _simple_lower(part)
        for part in (local, _unicode_domain(domain))
    )


def is_merge_target(address: str) -> bool:
    """Return whether the former form of a different address may be this address: it contains what others fold to."""
    return not was_merged(address) and bool(_FOLDED.search(address.casefold()))


def _has_a_label(address: str) -> bool:
    return "xn--" in address.lower()


def _unicode_domain(domain: str) -> str:
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def _simple_lower(text: str) -> str:
    """Return the text with each letter in lower case by itself, so that no letter becomes several or depends on others.

    ``str.lower`` maps a final capital sigma to ``ς``, and ``İ`` to two characters.
    """
    normal = unicodedata.normalize("NFC", text)
    lower = "".join(low if len(low := character.lower()) == 1 else character for character in normal)
    return unicodedata.normalize("NFC", lower)


@lru_cache(maxsize=1024)
def _a_labels(domain: str) -> str:
    """Return the A-labels of a domain, or its lower case when it has none by IDNA2008."""
    domain = unicodedata.normalize("NFC", domain).removesuffix(".")
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return _simple_lower(domain)
