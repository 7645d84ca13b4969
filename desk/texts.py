"""The texts of the pages, from one file for each language, and the words for enum values."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

from desk.formats import isolated, shorten

FOLDER: Final = Path(__file__).parent / "texts"
LONGEST_WORD: Final = 60
"""Characters of a value without words."""


class Texts:
    """The texts of one language, by dotted keys such as ``search.title``."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._tree = tomllib.loads((FOLDER / f"{language}.toml").read_text())

    def __call__(self, key: str, **values: Any) -> Markup:
        """Return a text with its values, each of which is escaped and isolated from the text's direction."""
        node: Any = self._tree
        for part in key.split("."):
            node = node[part]
        if not isinstance(node, str):
            raise KeyError(key)
        marked = {name: value if isinstance(value, int | Markup) else isolated(value) for name, value in values.items()}
        return Markup(escape(node)).format(**marked)  # noqa: S704 -- escaped, and filled with escaped values

    def plain(self, key: str) -> str:
        """Return a text without values, for attributes and titles."""
        return str(self(key))

    def date(self, moment: datetime) -> str:
        """Return the day of a time, as the language writes it."""
        dates = self._tree["dates"]
        text: str = dates["day"].format(day=moment.day, month=dates["months"][moment.month - 1], year=moment.year)
        return text

    def word(self, enum: str, value: str | None) -> str:
        """Return the words for an enum value; a value that a newer API sends stands for itself."""
        if value is None:
            return ""
        words: Mapping[str, str] = self._tree["enum"].get(enum, {})
        return words.get(value, shorten(value, LONGEST_WORD).replace("_", " ").capitalize())

    def words(self, enum: str) -> Mapping[str, str]:
        """Return all values of an enum with their words, in the order of the file."""
        words: Mapping[str, str] = self._tree["enum"][enum]
        return words

    def enums(self) -> Mapping[str, Mapping[str, str]]:
        """Return the words of all enums."""
        enums: Mapping[str, Mapping[str, str]] = self._tree["enum"]
        return enums

    def has(self, key: str) -> bool:
        """Return whether there is such a text."""
        node: Any = self._tree
        for part in key.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        return isinstance(node, str)
