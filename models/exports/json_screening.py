"""A stream of JSON is checked and screened: its grammar (RFC 8259), and values that look like card numbers.

Whole objects and lists of plain values are matched at once, which takes a tenth of the time of single tokens.
"""

import codecs
import re
from enum import Enum
from typing import Final

import orjson

from models.errors import BadInput
from models.storage.card_numbers import looks_like_card_number, number_looks_like_card
from models.storage.reported_texts import REPLACEMENT

MAX_DEPTH: Final = 100
MAX_TOKEN_LENGTH: Final = 16 * 1024 * 1024
"""Characters of one string, at most."""
MAX_NUMBER_LENGTH: Final = 1000
_MIN_CARD_DIGITS: Final = 13

_WS = r"[ \t\n\r]*+"
_STRING = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"


def _plain(value: str) -> str:
    """Return the pattern of a value, an object of such values, or a list of them."""
    pair = rf"{_STRING}{_WS}:{_WS}{value}{_WS}"
    return (
        rf"(?:{_SCALAR}|\{{{_WS}(?:{pair}(?:,{_WS}{pair})*+)?+\}}|\[{_WS}(?:{value}{_WS}(?:,{_WS}{value}{_WS})*+)?+\])"
    )


_PLAIN = rf"(?=[{{\[]){_plain(_plain(_SCALAR))}"
"""An object or a list that holds at most one more level of objects and lists."""
_TOKEN: Final = re.compile(
    rf"(?P<plain>{_PLAIN})|(?P<string>{_STRING})|(?P<number>{_NUMBER}(?![0-9.eE+-]))|(?P<literal>true|false|null)"
    r"|(?P<mark>[{}\[\]:,])"
)
_VALUE: Final = re.compile(rf"(?P<string>{_STRING})|(?P<number>(?<![0-9.eE+-]){_NUMBER})")
_SPACES: Final = re.compile(_WS)
_TIMES: Final = re.compile(
    r'"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"'
)
_MANY_DIGITS: Final = re.compile(r'(?:\d[^\d"]*+){13}')
"""Thirteen digits without a quotation mark between them, as the shortest card number has."""


class _Next(Enum):
    """What may follow."""

    VALUE = "a value"
    FIRST_VALUE = "a value or the end of the list"
    FIRST_NAME = "a name or the end of the object"
    NAME = "a name"
    COLON = "a colon"
    COMMA = "a comma or an end"


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
            match = None if self._is_done else _TOKEN.match(text, position)
            if match is None or (match.end() == len(text) and match["number"] and not is_last):
                self._require_incomplete(text, position, is_last=is_last)
                break
            replacement = self._accept(match)
            if replacement is not None:
                pieces += (text[start:position], replacement)
                start = match.end()
            position = match.end()
        pieces.append(text[start:position])
        self._rest = text[position:]
        self._needed = 2 * len(self._rest)
        return "".join(pieces).encode()

    def _require_incomplete(self, text: str, position: int, *, is_last: bool) -> None:
        """Raise BAD_INPUT unless the text may go on with a token that is not complete yet."""
        length, first = len(text) - position, text[position]
        most = {'"': MAX_TOKEN_LENGTH, "t": 4, "f": 5, "n": 4}.get(
            first, MAX_NUMBER_LENGTH if first in "-0123456789" else 0
        )
        if is_last or self._is_done or length > most:
            raise _refusal()

    def _accept(self, match: re.Match[str]) -> str | None:
        """Move on over a token. Return what replaces it, or None."""
        kind, token = match.lastgroup, match[0]
        if kind == "mark":
            self._accept_mark(token)
            return None
        if self._next in {_Next.NAME, _Next.FIRST_NAME}:
            if kind != "string":
                raise _refusal()
            self._next = _Next.COLON
        elif self._next in {_Next.VALUE, _Next.FIRST_VALUE}:
            self._end_value()
        else:
            raise _refusal()
        return self._screen(kind, token)

    def _accept_mark(self, mark: str) -> None:
        expects_value = self._next in {_Next.VALUE, _Next.FIRST_VALUE}
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

    def _screen(self, kind: str | None, token: str) -> str | None:
        """Return a token with the card numbers in it replaced, or None when there is none."""
        if "\\" not in token and not _MANY_DIGITS.search(_TIMES.sub("", token)):
            return None
        if kind != "plain":
            return self._screened_value(kind, token)
        before = self.replaced
        screened = _VALUE.sub(lambda value: self._screened_value(value.lastgroup, value[0]) or value[0], token)
        return screened if self.replaced > before else None

    def _screened_value(self, kind: str | None, token: str) -> str | None:
        if kind == "string":
            is_card = looks_like_card_number(_text(token))
        elif kind == "number":
            is_card = len(token) >= _MIN_CARD_DIGITS and number_looks_like_card(_number(token))
        else:
            return None
        if not is_card:
            return None
        self.replaced += 1
        return f'"{REPLACEMENT}"'


_ENDING: Final = {
    "}": frozenset({_Next.COMMA, _Next.FIRST_NAME}),
    "]": frozenset({_Next.COMMA, _Next.FIRST_VALUE}),
}
"""Where an object and a list may end."""


def _text(token: str) -> str:
    if "\\" not in token:
        return token[1:-1]
    try:
        text: str = orjson.loads(token)
    except orjson.JSONDecodeError:
        raise _refusal() from None
    return text


def _number(token: str) -> float:
    try:
        return int(token) if token.lstrip("-").isdigit() else float(token)
    except (ValueError, OverflowError):
        return 0.0


def _refusal() -> BadInput:
    return BadInput("body", "it is not a JSON text in UTF-8")
