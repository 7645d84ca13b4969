"""Names of tokens: unique among the valid tokens, and never the name of an actor of the service itself."""

import re
from typing import Final

from models.actors import RESERVED_NAMES, comparable_name
from models.errors import BadInput, CardNumberRefused
from models.storage.card_numbers import looks_like_card_number
from models.storage.statement import Connection, Statement

TOKEN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,62}[A-Za-z0-9]|[A-Za-z0-9]")

# Two concurrent issues of one name run one after the other.
LOCK_NAMES: Final = Statement("""
SELECT pg_advisory_xact_lock(7235471)
""")

# Names differ only if they differ in letters and digits: case, spaces and punctuation do not count.
IS_TAKEN: Final = Statement("""
SELECT EXISTS (
    SELECT
    FROM tokens
    WHERE regexp_replace(lower(name), '[^a-z0-9]', '', 'g') = :compared
    AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > clock_timestamp())
)
""")


_RESERVED: Final = frozenset(map(comparable_name, RESERVED_NAMES))
_COMMAND_LINE: Final = comparable_name("command line")
"""Commands act under this name, with the name of the user of the operating system after it."""


def is_reserved(name: str) -> bool:
    """Return whether an actor of the service itself has this name."""
    compared = comparable_name(name)
    return compared in _RESERVED or compared.startswith(_COMMAND_LINE)


def parse_name(text: str) -> str:
    """Return a name with single spaces. Raise BAD_INPUT if it is malformed or reserved."""
    name = " ".join(part for part in text.split(" ") if part)
    if not TOKEN_NAME.fullmatch(name):
        raise BadInput("name", "it is not a name of 1 to 64 letters, digits, spaces, dots, dashes, slashes")
    if looks_like_card_number(name):
        raise CardNumberRefused(argument="name")
    if is_reserved(name):
        raise BadInput("name", "it is reserved for the service itself")
    return name


async def require_free(connection: Connection, name: str) -> None:
    """Raise BAD_INPUT if a valid token has the name. A free name stays free until the transaction ends."""
    await LOCK_NAMES.value(connection)
    if await IS_TAKEN.value(connection, compared=comparable_name(name)):
        raise BadInput("name", "a valid token has this name")
