"""A stream of JSON is checked and screened: its grammar (RFC 8259), and values that look like card numbers.

Whole objects and lists of plain values are matched at once, which takes a tenth of the time of single tokens.
"""

import codecs
import re
from enum import Enum
from typing import Final

from models.errors import BadInput
from models.exports.value_screening import MAX_SPLIT_LENGTH, NUMBER, SPACE, STRING, may_be_split, replace_card_numbers

MAX_DEPTH: Final = 100
MAX_TOKEN_LENGTH: Final = 16 * 1024 * 1024
"""Characters of one string, at most."""
MAX_NUMBER_LENGTH: Final = 1000

_SCALAR = rf"(?:{STRING}|{NUMBER}|true|false|null)"


def _plain(value: str) -> str:
    """Return the pattern of a value, an object of such values, or a list of them."""
    pair = rf"{STRING}{SPACE}:{SPACE}{value}{SPACE}"
    members, elements = (rf"(?:{each}(?:,{SPACE}{each})*+)?+" for each in (pair, rf"{value}{SPACE}"))
    return rf"(?:{_SCALAR}|\{{{SPACE}{members}\}}|\[{SPACE}{elements}\])"


_ELEMENT = _plain(_plain(_SCALAR))
"""A value that holds at most two levels of objects and lists."""
_PLAIN = rf"(?=[{{\[]){_ELEMENT}"
_TOKEN: Final = re.compile(
    rf"(?P<plain>{_PLAIN})|(?P<string>{STRING})|(?P<number>{NUMBER}(?![0-9.eE+-]))|(?P<literal>true|false|null)"
    r"|(?P<mark>[{\[])"
)
_ELEMENTS: Final = re.compile(rf"(?:{_ELEMENT}{SPACE},{SPACE})++")
"""Elements of a list, each with the comma after it."""
_MEMBERS: Final = re.compile(rf"(?:{STRING}{SPACE}:{SPACE}{_ELEMENT}{SPACE},{SPACE})++")
"""Members of an object, each with the comma after it."""
_DEEP: Final = "[[["
"""What begins no value of ``_ELEMENT``."""
_SPACES: Final = re.compile(SPACE)


class _Next(Enum):
    """What may follow."""

    VALUE = "a value"
    FIRST_VALUE = "a value or the end of the list"
    FIRST_NAME = "a name or the end of the object"
    NAME = "a name"
    COLON = "a colon"
    COMMA = "a comma or an end"


_VALUES: Final = frozenset({_Next.VALUE, _Next.FIRST_VALUE})
_NAMES: Final = frozenset({_Next.NAME, _Next.FIRST_NAME})


class JsonScreen:
    """Checks one JSON text that arrives in pieces, and returns it with the card numbers replaced."""

    def __init__(self) -> None:
        self.replaced = 0
        """The values that looked like card numbers."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._rest = ""
        self._needed = 0
        self._ends = ""
        self._next = _Next.VALUE
        self._is_done = False

    def feed(self, content: bytes) -> bytes:
        """Return what is complete of the text so far. Raise BAD_INPUT when it is no JSON."""
        return self._scan(self._decode(content, is_last=False), is_last=False)

    def close(self) -> bytes:
        """Return what is left. Raise BAD_INPUT when the text is not complete."""
        rest = self._scan(self._decode(b"", is_last=True), is_last=True)
        if not self._is_done:
            raise _refusal()
        return rest

    def _decode(self, content: bytes, *, is_last: bool) -> str:
        try:
            return self._decoder.decode(content, is_last)
        except UnicodeDecodeError:
            raise _refusal() from None

    def _scan(self, text: str, *, is_last: bool) -> bytes:
        text = self._rest + text
        # A long string is scanned again when twice as much of it is there, so that the time stays in proportion.
        if len(text) < self._needed and not is_last:
            self._rest = text
            return b""
        pieces: list[str] = []
        start = position = 0
        while True:
            spaces = _SPACES.match(text, position)
            position = spaces.end() if spaces else position
            if position == len(text):
                break
            if not self._is_done and (text[position] in "]}:," or text.startswith(_DEEP, position)):
                self._accept_mark(text[position])
                position += 1
                continue
            end = self._accept(text, position, is_last=is_last)
            if end == position:
                self._require_incomplete(text, position, is_last=is_last)
                break
            token, replaced = replace_card_numbers(text[position:end])
            if replaced:
                self.replaced += replaced
                pieces += (text[start:position], token)
                start = end
            position = end
        pieces.append(text[start:position])
        self._rest = text[position:]
        self._needed = 2 * len(self._rest)
        return "".join(pieces).encode()

    def _require_incomplete(self, text: str, position: int, *, is_last: bool) -> None:
        """Raise BAD_INPUT unless the text may go on with a token that is not complete yet."""
        length, first = len(text) - position, text[position]
        most = {'"': MAX_TOKEN_LENGTH, "t": 4, "f": 5, "n": 4, "[": MAX_SPLIT_LENGTH}.get(
            first, MAX_NUMBER_LENGTH if first in "-0123456789" else 0
        )
        if is_last or self._is_done or length > most:
            raise _refusal()

    def _accept(self, text: str, position: int, *, is_last: bool) -> int:
        """Move on over as much as is complete of values or members; return where it ends."""
        run = (
            _MEMBERS
            if self._next in _NAMES
            else _ELEMENTS
            if self._next in _VALUES and self._ends[-1:] == "]"
            else None
        )
        if run and (match := run.match(text, position)):
            self._next = _Next.NAME if run is _MEMBERS else _Next.VALUE
            return match.end()
        match = None if self._is_done else _TOKEN.match(text, position)
        if match is None or (match.end() == len(text) and match["number"] and not is_last):
            return position
        kind = match.lastgroup
        if kind == "mark":
            if not is_last and may_be_split(text, position):
                return position
            self._accept_mark(match[0])
        elif self._next in _NAMES:
            if kind != "string":
                raise _refusal()
            self._next = _Next.COLON
        elif self._next in _VALUES:
            self._end_value()
        else:
            raise _refusal()
        return match.end()

    def _accept_mark(self, mark: str) -> None:
        expects_value = self._next in _VALUES
        if mark in "{[" and expects_value:
            if len(self._ends) == MAX_DEPTH:
                raise _refusal()
            self._ends += "}" if mark == "{" else "]"
            self._next = _Next.FIRST_NAME if mark == "{" else _Next.FIRST_VALUE
        elif mark == ":" and self._next is _Next.COLON:
            self._next = _Next.VALUE
        elif mark == "," and self._next is _Next.COMMA:
            self._next = _Next.NAME if self._ends[-1] == "}" else _Next.VALUE
        elif self._ends and mark == self._ends[-1] and self._next in _ENDING[mark]:
            self._ends = self._ends[:-1]
            self._end_value()
        else:
            raise _refusal()

    def _end_value(self) -> None:
        self._next = _Next.COMMA
        self._is_done = not self._ends


_ENDING: Final = {
    "}": frozenset({_Next.COMMA, _Next.FIRST_NAME}),
    "]": frozenset({_Next.COMMA, _Next.FIRST_VALUE}),
}
"""Where an object and a list may end."""


def _refusal() -> BadInput:
    return BadInput("body", "it is not a JSON text in UTF-8")
