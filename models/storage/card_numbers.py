"""Detection of card numbers in text.

The privacy policy allows the last four digits and the expiry date of a card, so text with a full number is refused.
A full number has an issuer's prefix, a length of that issuer (13 to 19 digits), a valid Luhn digit, and is separate.

Digits of any script count, circled and superscript ones too, in any mixture. Spaces, dashes, underscores and
zero-width characters may separate them in any grouping. Up to six other characters, letters included, may separate
single digits, pairs, and the groups that are printed on cards (4-4-4-4, 4-6-5, 4-6-4). The same single mark or letter
may separate groups of other widths. Addresses, times, versions and lists contain other groups with them.
In text of over 10,000 characters, which no field stores, these marks are dots, slashes, underscores and bullets.

A separate number consists of whole groups of digits. It is not part of a longer run of digits, a UUID, or a
hexadecimal word (16 characters with a letter, or 20 and more). It is not part of an IPv6 address, a list of
more such groups, or the fraction of a decimal number. An exponent that makes an integer of a fraction counts.
Zeros may precede it, and so may the number of an item in a list (``1.4111…`` that stands alone).
Other letters may touch it: ``card:4111…``, ``x4111…`` and ``4111…abc`` are detected. Not detected are digits in words
or CJK numerals, and escaped digits (percent-encoding and others).

False positives, measured on 100,000 samples of each kind (``python -m benchmarks.card_numbers``): none for ids,
UUIDs, times, email, IP and street addresses, JSON numbers, fractions, and order numbers of up to twelve digits.
None were user agents, versions, or telephone numbers with +49, +43, +44 and +1.
Random digits may pass all three checks by chance: order numbers of 13, 16 and 19 digits 1.7, 3.8 and 2.4 %, of 3-7-7
digits 2.8 %, of 8 and 5 digits with an underscore 1.6 %; byte counts of any size sent as text 0.7 %; 16 hex digits that
may all be decimal 0.004 %; German IBANs in groups of four 9 %, without spaces none.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from models.storage.card_groups import FEW_DIGITS, disguised_chains, fine_chains
from models.storage.card_issuers import DOUBLED, FIRST_TWO, LENGTHS, PREFIXES, is_card_number

# Spaces, dashes, control characters, zero-width characters (soft hyphen, joiners, direction) and combining marks
# (strokes, keycaps). Then characters that people type instead: minus signs, rules, long-vowel marks, blank letters.
_SEPARATOR_CATEGORIES: Final = frozenset({"Cc", "Cf", "Me", "Mn", "Pd", "Zl", "Zp", "Zs"})
_OTHER_SEPARATORS: Final = frozenset(
    "\u2212\u207b\u208b\u02d7\u2796\u2043\u2500\u2501\u00af\u203e\u30fc\uff70\u2800\u3164\uffa0\u115f\u1160"
)
# The planes between these contain only ideographs.
_NON_ASCII: Final = [chr(code) for code in (*range(0x80, 0x20000), *range(0xE0000, 0xE0200))]
_CANONICAL: Final = (
    {
        ord(char): " "
        for char in _NON_ASCII
        if unicodedata.category(char) in _SEPARATOR_CATEGORIES or char in _OTHER_SEPARATORS
    }
    | {ord(char): str(unicodedata.digit(char)) for char in filter(str.isdigit, _NON_ASCII)}
    | {ord(char): unicodedata.normalize("NFKC", char) for char in map(chr, range(0xFF01, 0xFF5F)) if not char.isalnum()}
    | dict.fromkeys(map(ord, "\N{MIDDLE DOT}\N{BULLET}\N{HORIZONTAL ELLIPSIS}\N{IDEOGRAPHIC FULL STOP}"), ".")
    | dict.fromkeys(map(ord, "\N{IDEOGRAPHIC COMMA}\N{ARABIC COMMA}"), ",")
    | dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201c\u201d\u201e\u2039\u203a\xab\xbb"), '"')
    | {ord("\N{MULTIPLICATION SIGN}"): "x", ord("\N{BROKEN BAR}"): "|"}
)

MIN_CARD: Final = 10**12
MAX_CARD: Final = 10**19

MAX_MARKED_LENGTH: Final = 10_000
"""The length of a text in which marks may separate groups. No field stores a longer one, and the search takes time."""
# The groups that are printed on a card, with dots, slashes or underscores. No address, date or version has this form.
_PRINTED: Final = re.compile(
    r"[0-9]{4}([._/])(?<![0-9].{5})(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?|[0-9]{6}\1[0-9]{4,5})(?![0-9])"
)
# The same groups with other marks, single digits, and pairs. Runs of the same mark are consumed whole, so that the time
# is linear in the length of the text.
_MARKS: Final = r"(?:[ -]?[xX][ -]?|[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]{1,4})"
_MARKED: Final = re.compile(
    rf"(?<![0-9])[0-9]{{4}}(?:(?:{_MARKS}[0-9]{{4}}){{3}}(?:{_MARKS}[0-9]{{1,3}}(?![0-9A-Za-z]))?"
    rf"|{_MARKS}[0-9]{{6}}{_MARKS}[0-9]{{4,5}})(?![0-9])"
)
_UNIFORM: Final = re.compile(
    rf"(?<![0-9])(?:[0-9]({_MARKS})[0-9](?:\1[0-9])*+|[0-9]{{2}}({_MARKS})[0-9]{{2}}(?:\2[0-9]{{2}})*+(?:\2[0-9])?)(?![0-9])"
)
_LONGEST_UNIFORM: Final = 19 + 18 * 4
# A group of an IPv6 address before or after; a further group of four with any mark.
_LISTED_BEFORE: Final = re.compile(rf"(?:(?:^|[^0-9A-Za-z])[0-9A-Fa-f]{{0,4}}:|(?<![0-9])[0-9]{{4}}{_MARKS})\Z")
_LISTED_AFTER: Final = re.compile(rf":[0-9A-Fa-f:]|{_MARKS}[0-9]{{4}}(?![0-9])")
_PLAIN_SEPARATORS: Final = " -\t\r\n\0"
_IS_MARK: Final = str.maketrans("", "", "0123456789 -()[]{}<>\"'`\t\r\n")
# A number padded with zeros: of 16 and 19 digits, and of the issuers of shorter ones that are not random too often.
_PADDED: Final = re.compile(
    r"(?<![0-9A-Za-z.,])0+([1-9][0-9]{15}(?:[0-9]{3})?|3[47][0-9]{13}|3[0689][0-9]{12}|4(?![39])[0-9]{12})(?![0-9A-Za-z])"
)
# A number after that of an item in a list, and not beside another number, as a pair of coordinates has it.
_ITEM: Final = re.compile(
    r"(?<![^\s(\"'])(?<![0-9]\s)(?<![,;]\s)[1-9]\.([0-9]{13,19})(?![0-9A-Za-z])(?![ \t]*[,;/]?[ \t]*[-+]?[0-9])"
)
# A UUID, or a hexadecimal word. Each begins with eight digits: a look-behind after them is faster than one before them.
_IDENTIFIER: Final = re.compile(
    r"[0-9a-fA-F]{8}(?:(?<![0-9a-zA-Z].{8})|(?<=0[xX].{8}))"
    r"(?:[-_](?:[0-9a-fA-F]{4}[-_]){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{12,}+"
    r"|(?!(?<=[0-9]{8})[0-9]{8}(?![0-9A-Za-z]))[0-9a-fA-F]{8})(?![0-9A-Za-z])"
)
# Thirteen or more digits after a digit and a dot are the fraction of a number.
_CHAIN: Final = re.compile(r"[0-9](?<![0-9].)(?!(?<=[0-9]\..)[0-9]{12})[0-9\x00-\x20\x7f_-]{12,}+")

# A time as RFC 3339 has it: the most frequent text with so many digits.
_TIME: Final = re.compile(
    r"[12][0-9]{3}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
    r"(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# A German or an Austrian telephone number of thirteen digits.
_TELEPHONE: Final = re.compile(r"\+4[39](?:[ -]?[0-9]){11}(?![0-9])")
# A date with a time after it, as files and logs have it.
_DATED: Final = re.compile(
    r"(?<![0-9])(?:19|20)[0-9]{2}([-_.])(?:0[1-9]|1[0-2])\1(?:[0-2][0-9]|3[01])(?:[-_ T.:]+[0-5][0-9]){2,3}"
    r"(?:[-_.:][0-9]{3,9})?(?![0-9])"
)

# In a stream a bar separates chains, and the first digit of a group is a letter: 0x34 ("4") becomes 0x74 ("t").
_SPACED: Final = bytes(code if code in b"0123456789|" else 0x20 for code in range(256))
_VALUE: Final = bytes(0 if code in b"|" else code & 0x0F for code in range(256))
_IS_BAR: Final = bytes(code in b"|" for code in range(256))
_IS_GROUP_START: Final = bytes(code >> 6 & 1 for code in range(256))
_IS_MULTIPLE_OF_TEN: Final = bytes(total % 10 == 0 for total in range(256))
_FEW_CHAINS: Final = 4
_SHORT_CHAIN: Final = 40
_GROUPS: Final = re.compile("[0-9]+")


def _short_chain_contains_run(chain: str) -> bool:
    groups = _GROUPS.findall(chain)
    for start in range(len(groups)):
        run = ""
        for group in groups[start:]:
            run += group
            if len(run) > LENGTHS[-1]:
                break
            if len(run) in LENGTHS and is_card_number(run.encode().translate(_VALUE)):
                return True
    return False


def contains_run(chains: list[str]) -> bool:
    """Return whether any run of whole groups in ``chains``, which are digits with separators, is a card number.

    All digits are bytes of one large integer. Nineteen shifts and additions give the Luhn sums of all runs of each
    length. No byte overflows: nineteen digits sum to 171 at most. A loop over the runs takes a second for a mebibyte.
    The few runs of short chains are tried one by one, which takes less than the shifts.
    """
    if len(chains) <= _FEW_CHAINS and all(len(chain) <= _SHORT_CHAIN for chain in chains):
        return any(map(_short_chain_contains_run, chains))
    stream = b" " + "| ".join(chains).encode().translate(_SPACED)
    stream = re.sub(b" {2,}", b" ", stream)
    for digit in b"0123456789":
        stream = stream.replace(bytes((0x20, digit)), bytes((digit | 0x40,)))
    stream = stream.replace(b" ", b"")
    count = len(stream)
    values = stream.translate(_VALUE)

    single = int.from_bytes(values, "little")
    double = int.from_bytes(values.translate(DOUBLED), "little")
    bars = int.from_bytes(stream.translate(_IS_BAR), "little")
    edges = int.from_bytes(stream.translate(_IS_GROUP_START), "little") | 1 << 8 * count
    first_two = (single * 10 + (single >> 8)).to_bytes(count, "little")
    sums = crossed = 0
    for length in range(1, min(count, LENGTHS[-1]) + 1):
        sums = (sums >> 8) + (single if length % 2 else double)
        crossed = crossed >> 8 | bars
        if length not in LENGTHS:
            continue
        matches = edges & edges >> 8 * length & ~crossed
        matches &= int.from_bytes(first_two.translate(FIRST_TWO[length]), "little")
        matches &= int.from_bytes(sums.to_bytes(count, "little").translate(_IS_MULTIPLE_OF_TEN), "little")
        starts = map(re.Match.start, re.finditer(b"\x01", matches.to_bytes(count, "little"))) if matches else ()
        if any(values[start : start + 4] in PREFIXES[length] for start in starts):
            return True
    return False


def _marked_chains(text: str) -> Iterator[str]:
    """Yield the digits of groups that are separated by marks other than spaces and dashes, with spaces between them."""
    for match in _MARKED.finditer(text):
        groups = re.findall("[0-9]+", match[0])
        marks = "".join(re.split("[0-9]+", match[0]))
        if not marks.strip(_PLAIN_SEPARATORS):
            continue
        start, end = match.span()
        is_listed = _LISTED_BEFORE.search(text[max(0, start - 9) : start]) or _LISTED_AFTER.match(text, end)
        if len({*marks.translate(_IS_MARK)}) <= 1 and not is_listed:
            yield " ".join(groups)
    for match in _UNIFORM.finditer(text):
        if len(match[0]) <= _LONGEST_UNIFORM:
            yield re.sub("[^0-9]", "", match[0])


def canonicalize(text: str) -> str:
    """Return a text with ASCII characters in the place of digits, separators and marks of other scripts."""
    return text if text.isascii() else text.translate(_CANONICAL)


def without_identifiers(text: str) -> str:
    """Return a text with letters, over which no number extends, in the place of UUIDs and hexadecimal words."""
    return _IDENTIFIER.sub("zzzzzzz", text)


def looks_like_card_number(text: str) -> bool:
    """Return whether ``text`` contains what looks like a full card number."""
    if len(text) < LENGTHS[0] or _TIME.fullmatch(text):
        return False
    text = canonicalize(text)
    if FEW_DIGITS.fullmatch(text):
        return False
    chains = [padded[1] for padded in _PADDED.finditer(text)]
    is_short = len(text) <= MAX_MARKED_LENGTH
    if is_short:
        chains += fine_chains(text)
    text = without_identifiers(text)
    if not FEW_DIGITS.fullmatch(text):
        chains += (printed[0] for printed in _PRINTED.finditer(text))
        if is_short:
            chains += _marked_chains(text)
            chains += disguised_chains(text)
        chains += (numbered[1] for numbered in _ITEM.finditer(text))
        chains += _CHAIN.findall(_DATED.sub("z", _TELEPHONE.sub("z", text)))
    return bool(chains) and contains_run(chains)


def number_looks_like_card(value: float) -> bool:
    """Return whether a number that was sent in the place of a string looks like a card number, without its sign."""
    return MIN_CARD <= abs(value) < MAX_CARD and looks_like_card_number(str(int(abs(value))))


def decimal_looks_like_card(value: Decimal) -> bool:
    """Return the same for a number of any precision and size."""
    return MIN_CARD <= abs(value) < MAX_CARD and looks_like_card_number(str(int(abs(value))))
