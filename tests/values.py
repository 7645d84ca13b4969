"""Look for values in output that also contains random ids, times and figures."""

import re


def contains(text: str, value: str) -> bool:
    """Return whether the text contains a value on its own, not as a part of an id, a time or a longer word.

    The digits of a card or a short name occur by chance in hexadecimal and base64: ``ada`` in one of 70 SHA-256 hashes.
    """
    return re.search(rf"(?<!\w)(?<!\w[.:+/=-]){re.escape(value)}(?!\w|[.:+/=-]\w)", text, re.ASCII) is not None
