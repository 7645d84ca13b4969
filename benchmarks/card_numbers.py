"""Measure how often other texts are taken for card numbers: ``python -m benchmarks.card_numbers [COUNT]``.

COUNT values of each kind are generated, by default one million. The seed is fixed: all runs print the same table.
The exit status is 1 when an id, a time, a number or an address is taken for a card number.
"""

import random
import string
import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from models.storage.card_fields import contains_card_number
from models.storage.card_numbers import looks_like_card_number

SEED: Final = 20_260_101
_BATCH: Final = 100
_BREAK: Final = " z "
"""A letter, which no number extends over: texts around it are checked as each alone."""
# Microseconds of the first second of 2001 and the last one of 2037: the range of times in files and logs.
_FIRST_TIME: Final = 978_307_200_000_000
_LAST_TIME: Final = 2_145_916_799_999_999

_TYPE_PREFIXES: Final = ("sub", "pay", "syn", "req", "tok")
_ALPHANUMERIC: Final = string.ascii_letters + string.digits
_NAMES: Final = ("anna", "li.wei", "j.smith", "olu", "maria-jose", "müller", "info", "user")
_STREETS: Final = ("Main Street", "rue de Lyon", "Lindenweg", "Yonge St", "Calle 5", "Route 66", "Av. Paulista")


def _digits(rng: random.Random, count: int) -> str:
    return f"{rng.randrange(10**count):0{count}}"


def _random_time(rng: random.Random) -> datetime:
    return datetime.fromtimestamp(rng.randint(_FIRST_TIME, _LAST_TIME) / 1e6, UTC)


def _uuid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def _uuid7(rng: random.Random) -> uuid.UUID:
    milliseconds = rng.randint(_FIRST_TIME, _LAST_TIME) // 1000
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62))


def _postal_address(rng: random.Random) -> str:
    return f"{rng.randint(1, 99999)} {rng.choice(_STREETS)} {rng.randint(1, 999)}, {_digits(rng, 5)}-{_digits(rng, 4)}"


# Kinds that must never be taken for a card number.
NO_FALSE_POSITIVES: Final[Mapping[str, Callable[[random.Random], object]]] = {
    "id: this project's": lambda rng: f"{rng.choice(_TYPE_PREFIXES)}_{_uuid7(rng).hex}",
    "id: UUID version 4, dashed": lambda rng: str(_uuid(rng)),
    "id: UUID version 7, dashed": lambda rng: str(_uuid7(rng)),
    "id: two UUIDs, spaced": lambda rng: f"{_uuid(rng)} {_uuid(rng)}",
    "id: 16 hex digits, a letter first": lambda rng: f"{rng.getrandbits(64) | 10 << 60:016x}",
    "id: 24 hex digits": lambda rng: f"{rng.getrandbits(96):024x}",
    "id: 64 hex digits": lambda rng: f"{rng.getrandbits(256):064x}",
    "id: token of 43 letters and digits": lambda rng: "prv_" + "".join(rng.choices(_ALPHANUMERIC, k=43)),
    "time: RFC 3339": lambda rng: _random_time(rng).isoformat().replace("+00:00", "Z"),
    "time: with a space": lambda rng: str(_random_time(rng)),
    "time: two dates": lambda rng: f"{_random_time(rng):%Y-%m-%d} {_random_time(rng):%Y-%m-%d}",
    "time: fourteen digits": lambda rng: f"{_random_time(rng):%Y%m%d%H%M%S}",
    "time: seventeen and twenty digits": lambda rng: f"{_random_time(rng):%Y%m%d%H%M%S%f}"[: rng.choice((17, 20))],
    "time: epoch seconds and fraction": lambda rng: str(_random_time(rng).timestamp()),
    "time: epoch milliseconds": lambda rng: str(rng.randint(_FIRST_TIME, _LAST_TIME) // 1000),
    "time: epoch microseconds": lambda rng: str(rng.randint(_FIRST_TIME, _LAST_TIME)),
    "time: epoch nanoseconds": lambda rng: str(rng.randint(_FIRST_TIME, _LAST_TIME) * 1000 + rng.randrange(1000)),
    "number: byte count, as JSON has it": lambda rng: {"storageBytes": int(2 ** rng.uniform(0, 63))},
    "input: report of a sync": lambda rng: {
        "reference": f"vault-{_digits(rng, 8)}",
        "storageBytes": int(2 ** rng.uniform(0, 50)),
        "syncedAt": _random_time(rng).isoformat(),
        "client": {
            "app": rng.choice(("Outliner", "Notes 2")),
            "version": f"{rng.randrange(30)}.{rng.randrange(20)}.{rng.randrange(2000)}",
            "platform": rng.choice(("iOS 17", "Windows 11", "macOS 14.5", "Android 15", "Linux")),
            "userAgent": f"App/{rng.randrange(30)}.{rng.randrange(20)} (X11; rv:{rng.randrange(150)}.0) 7",
        },
    },
    "input: person with an account": lambda rng: {
        "email": f"{_digits(rng, rng.randint(6, 11))}@example.com",
        "displayName": rng.choice(_NAMES),
        "account": {"system": "store", "reference": _digits(rng, rng.randint(4, 12))},
    },
    "number: byte count of up to twelve digits, as text": lambda rng: str(int(2 ** rng.uniform(0, 39))),
    "number: fraction, as text": lambda rng: str(rng.random()),
    "number: latitude and longitude": lambda rng: f"{rng.uniform(-90, 90)},{rng.uniform(-180, 180)}",
    "address: e-mail": lambda rng: f"{rng.choice(_NAMES)}{_digits(rng, rng.randint(1, 8))}@{_digits(rng, 3)}.example",
    "address: IPv4, five of them": lambda rng: ", ".join(
        ".".join(str(rng.randrange(256)) for _ in range(4)) for _ in range(5)
    ),
    "address: IPv6": lambda rng: ":".join(f"{rng.getrandbits(16):x}" for _ in range(8)),
    "address: street, town": _postal_address,
    "address: IPv4 with a port": lambda rng: (
        ".".join(str(rng.randrange(256)) for _ in range(4)) + f":{rng.randrange(1024, 65536)}"
    ),
    "telephone: +49 and eleven digits": lambda rng: f"+49 15{_digits(rng, 2)} {_digits(rng, 7)}",
    "telephone: +43 and +44": lambda rng: f"+{rng.choice((43, 44))} {_digits(rng, 4)} {_digits(rng, 6)}",
    "telephone: (555) 123-4567 x89": lambda rng: (
        f"({_digits(rng, 3)}) {_digits(rng, 3)}-{_digits(rng, 4)} x{_digits(rng, 2)}"
    ),
    "client: user agent of a browser": lambda rng: (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{rng.randint(80, 150)}.0.{rng.randint(1000, 9999)}.{rng.randint(10, 250)} Safari/537.36"
    ),
    "client: version and build": lambda rng: (
        f"{rng.randint(1, 99)}.{rng.randrange(20)}.{rng.randrange(20000)}.{rng.randrange(5000)} ({_digits(rng, 4)})"
    ),
    "file: 2024-01-30-12-34-56-123456": lambda rng: f"{_random_time(rng):%Y-%m-%d-%H-%M-%S-%f}.log",
    "file: IMG_20240130_123456": lambda rng: f"IMG_{_random_time(rng):%Y%m%d_%H%M%S}.jpg",
    "id: UUID with underscores": lambda rng: str(_uuid(rng)).replace("-", "_"),
    "id: UUID in a path with a time": lambda rng: (
        f"{_random_time(rng):%Y/%m/%d}/{_uuid(rng)}/{_random_time(rng):%H%M%S}"
    ),
    "id: letters and digits in fours": lambda rng: "-".join(
        "".join(rng.choices(string.ascii_uppercase + string.digits, k=4)) for _ in range(4)
    ),
    "order: letters, year and count": lambda rng: (
        f"{''.join(rng.choices(string.ascii_uppercase, k=2))}{rng.randint(2001, 2037)}/{_digits(rng, 6)}"
    ),
    "order: up to twelve digits": lambda rng: f"{rng.choice(('ORD-', 'R', '#', ''))}{_digits(rng, rng.randint(4, 12))}",
    "order: year and count": lambda rng: f"INV-{rng.randint(2001, 2037)}-{_digits(rng, rng.randint(4, 8))}",
}

# Kinds that equal a card number when issuer, length and Luhn digit match by chance.
POSSIBLE_FALSE_POSITIVES: Final[Mapping[str, Callable[[random.Random], object]]] = {
    "id: 16 hex digits, any": lambda rng: f"{rng.getrandbits(64):016x}",
    "order: 3-7-7 digits": lambda rng: f"{_digits(rng, 3)}-{_digits(rng, 7)}-{_digits(rng, 7)}",
    "order: thirteen digits": lambda rng: _digits(rng, 13),
    "order: sixteen digits": lambda rng: _digits(rng, 16),
    "order: nineteen digits": lambda rng: _digits(rng, 19),
    "number: byte count of any size, as text": lambda rng: str(int(2 ** rng.uniform(0, 63))),
    "input: fragment with a reference of twelve digits": lambda rng: {
        "reference": _digits(rng, 12),
        "lastDigits": _digits(rng, 4),
    },
    "number: fraction with one digit before it, as text": lambda rng: str(rng.uniform(1, 10)),
    "telephone: +1 555 123 4567": lambda rng: f"+1 {_digits(rng, 3)} {_digits(rng, 3)} {_digits(rng, 4)}",
    "account: German IBAN, in fours": lambda rng: (
        "DE" + " ".join([*(_digits(rng, 4) for _ in range(5)), _digits(rng, 2)])
    ),
    "account: German IBAN, in one": lambda rng: f"DE{_digits(rng, 20)}",
    "order: groups of eight and five, underscored": lambda rng: f"{_digits(rng, 8)}_{_digits(rng, 5)}",
    "order: groups with a letter between": lambda rng: f"{_digits(rng, 8)}X{_digits(rng, 8)}",
    "input: fragment with a reference of thirteen digits": lambda rng: {
        "reference": f"1{_digits(rng, 12)}",
        "lastDigits": _digits(rng, 4),
    },
    "file: time in milliseconds and a number": lambda rng: (
        f"{rng.randint(_FIRST_TIME, _LAST_TIME) // 1000}_{_digits(rng, 4)}.png"
    ),
}


def count_false_positives(make: Callable[[random.Random], object], count: int) -> int:
    """Generate ``count`` values, and return how many of them are taken for a card number.

    Texts are checked many at once, and one by one only where one of them is taken for a card number.
    """
    rng = random.Random(SEED)
    wrong = 0
    for start in range(0, count, _BATCH):
        values = [make(rng) for _ in range(min(_BATCH, count - start))]
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) < len(values) or looks_like_card_number(_BREAK.join(texts)):
            wrong += sum(map(contains_card_number, values))
    return wrong


def main() -> int:
    """Print the table; return 1 when there is a false positive that must never occur."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    table = Table(title=f"Values taken for a card number, of {count:,} each")
    table.add_column("kind")
    table.add_column("mistaken", justify="right")
    table.add_column("rate", justify="right")
    failure_count = 0
    for kinds in (NO_FALSE_POSITIVES, POSSIBLE_FALSE_POSITIVES):
        for kind, make in kinds.items():
            wrong = count_false_positives(make, count)
            failure_count += wrong if kinds is NO_FALSE_POSITIVES else 0
            table.add_row(kind, f"{wrong:,}", f"{wrong / count:.4%}")
        table.add_section()
    Console(width=100).print(table)
    return 1 if failure_count else 0


if __name__ == "__main__":
    sys.exit(main())
