"""The issuers of payment cards: first digits, lengths, and the check digit of ISO/IEC 7812-1."""

from typing import Final

LENGTHS: Final = range(13, 20)
# Issuer, first digits, lengths, from the issuers' tables and the list of ISO/IEC 7812 numbers. Rows overlap where
# issuers share a range; four digits distinguish all. Omitted, because times would match: Indonesia's 1946 (microseconds
# of 2031) and the withdrawn 2014 and 2149 of enRoute, which have no Luhn digit either.
_ISSUERS: Final = (
    ("American Express", "34 37", "15"),
    ("ArCa, Belkart, Borica, Elcart, Humo, mada, UzCard", "9051 9112 2205 9417 9860 9682 5614 8600", "16"),
    ("Dankort", "4571 5019", "16"),
    ("Diners Club", "300-305 3095 36 38-39", "14 16-19"),
    ("Discover", "6011 622 644-649 65", "16-19"),
    ("Elo", "4011 4312 4389 4514 4573 4576 5041 5066-5067 509 6277 6362-6363 650-651 655", "16"),
    ("Hiper, Hipercard", "3841 6062 6370 6373-6376", "16"),
    ("JCB", "3528-3589", "16-19"),
    ("JCB before 2000", "1800 2131", "15"),
    ("Maestro, Bancontact", "50 56-58 63 67", "13-19"),
    ("Mastercard", "2221-2720 51-55", "16"),
    ("Mir", "2200-2204", "16-19"),
    ("Napas", "9704", "16 19"),
    ("RuPay", "508 60 65 81-82", "16"),
    ("Shetab", "5022 5859 6037 6104 6219 6273", "16"),
    ("Troy", "65 9792", "16"),
    ("UATP", "1", "15"),
    ("UkrCard", "6040-6042", "16-19"),
    ("UnionPay", "62 81", "16-19"),
    ("Verve", "5060-5061 5078-5079 6500", "16 18-19"),
    ("Visa", "4", "13 16 19"),
)


def _ranges(text: str) -> list[tuple[str, str]]:
    """Parse ``"36 38-39"`` into pairs of the first and the last value."""
    return [(first, last or first) for first, _, last in (part.partition("-") for part in text.split())]


def _prefixes(length: int) -> frozenset[bytes]:
    """Return the first four digits, each as a byte of its value, of all card numbers of this length."""
    return frozenset(
        bytes(map(int, str(prefix)))
        for _, prefixes, lengths in _ISSUERS
        if any(int(first) <= length <= int(last) for first, last in _ranges(lengths))
        for first, last in _ranges(prefixes)
        for prefix in range(int(first.ljust(4, "0")), int(last.ljust(4, "9")) + 1)
    )


def _first_two(prefixes: frozenset[bytes]) -> bytes:
    """Return a table of 256 bytes that has a 1 for each number that the first two digits of a prefix form."""
    pairs = {prefix[0] * 10 + prefix[1] for prefix in prefixes}
    return bytes(code in pairs for code in range(256))


DOUBLED: Final = bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)) + bytes(246)
PREFIXES: Final = {length: _prefixes(length) for length in LENGTHS}
FIRST_TWO: Final = {length: _first_two(prefixes) for length, prefixes in PREFIXES.items()}


def is_card_number(values: bytes) -> bool:
    """Return whether digits, each as a byte of its value, have an issuer's prefix and a valid Luhn digit."""
    if values[:4] not in PREFIXES[len(values)]:
        return False
    return (sum(values[-1::-2]) + sum(values[-2::-2].translate(DOUBLED))) % 10 == 0
