"""Look for values in output that also contains random ids, times and figures; make random texts without digits."""

import random
import re
import string


def contains(text: str, value: str) -> bool:
    """Return whether the text contains a value on its own, not as a part of an id, a time or a longer word.

    The digits of a card or a short name occur by chance in hexadecimal and base64: ``ada`` in one of 70 SHA-256 hashes.
    """
    return re.search(rf"(?<!\w)(?<!\w[.:+/=-]){re.escape(value)}(?!\w|[.:+/=-]\w)", text, re.ASCII) is not None


def random_letters(count: int) -> str:
    """Return letters that compress badly. In random digits a card number occurs by chance."""
    return "".join(random.choices(string.ascii_lowercase, k=count))
