"""JSON of callers without repeated keys: readers differ in which of them counts (RFC 8259, 4)."""

import json
from typing import Any, Final

import orjson

COLON: Final = ord(":")
BACKSLASH: Final = ord("\\")


class RepeatedKeyError(ValueError):
    """An object has the same key twice."""


def parse(octets: bytes) -> Any:
    """Return the parsed value; raise RepeatedKeyError, or another ValueError when it is not JSON.

    Each key has a colon. The text and the serialised value have the same number of colons, unless a key was lost or a
    colon in a string is escaped. Only then is the text parsed a second time, slowly.
    """
    parsed = orjson.loads(octets)
    try:
        # Octets are found as numbers faster than as texts, and one octet fifty times as fast as several.
        if octets.count(COLON) == orjson.dumps(parsed).count(COLON) and (
            BACKSLASH not in octets or b"\\u003" not in octets
        ):
            return parsed
    except orjson.JSONEncodeError:
        pass  # nested too deeply for orjson to write
    try:
        json.loads(octets, object_pairs_hook=unique_pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return parsed


def unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of these pairs; raise RepeatedKeyError when a key is among them twice."""
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise RepeatedKeyError
    return unique
