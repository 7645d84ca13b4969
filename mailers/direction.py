"""The direction of values in emails: names that other people chose do not change how the text around them reads."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

_CONTROLS: Final = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Embeddings, overrides and isolates. One that is left open would reach beyond its value."""
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"


def isolate(value: Any) -> Any:
    """Return a value of a template context, with its direction isolated from the text around it (UAX 9).

    Lists and mappings are returned with their values isolated. A sign replaces each control of direction. Text
    without right-to-left characters stays as it is, so that codes and addresses can be copied. Addresses stay, too.
    """
    if isinstance(value, str):
        text = value.translate(_CONTROLS)
        is_mixed = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
        return f"{_ISOLATE}{text}{_END}" if is_mixed and not text.startswith("https://") else text
    if isinstance(value, Mapping):
        return {name: isolate(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [isolate(each) for each in value]
    return value
