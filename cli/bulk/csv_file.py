"""Lines of a CSV file (RFC 4180) with their cells, or with the problem of a line that has none."""

import csv
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import typer

from cli.bulk.input_file import MAX_LINE_BYTES, InputFile

DELIMITERS: Final = ",;\t"
MAX_CELL_LINES: Final = 100
"""Lines over which a quoted cell may extend: a quote that is never closed does not take the rest of the file."""
OPEN_QUOTE: Final = "a quote is not closed"
TOO_LONG: Final = "it is longer than 1 MiB"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class CsvLine(NamedTuple):
    """The cells of the record that begins in a line, or its problem. A blank or continuation line has no cells."""

    cells: tuple[str, ...] = ()
    problem: str | None = None


class CsvFile:
    """A CSV file in UTF-8. A first line such as ``sep=;`` sets the delimiter, as spreadsheet programs write it."""

    def __init__(self, source: InputFile) -> None:
        """Read the header; raise BadParameter when the file has none, or is not text in UTF-8."""
        csv.field_size_limit(MAX_LINE_BYTES)
        source.require_text_lines()
        self._lines = source.lines()
        self._header_line_count = 1
        text = self._decode(next(self._lines, b"")) or ""
        separator = _SEPARATOR_LINE.fullmatch(text)
        if separator:
            self._header_line_count = 2
            text = self._decode(next(self._lines, b"")) or ""
        self._delimiter = separator[1] if separator else max(DELIMITERS, key=text.count)
        try:
            self.header = next(csv.reader([text], delimiter=self._delimiter, strict=True), [])
        except csv.Error:
            raise typer.BadParameter(f"the first line of {source.name} is not valid CSV") from None

    def lines(self) -> Iterator[CsvLine]:
        """Yield an entry for each line, so that its position is its number; lines of the header are blank.

        All lines of an invalid record are listed with the same problem, which names their range.
        """
        for _ in range(self._header_line_count):
            yield CsvLine()
        number = self._header_line_count + 1
        while (line := next(self._lines, b"\n")) != b"\n":
            record = self._decode(line)
            entry, line_count = self._record(record, number) if record is not None else (CsvLine((), TOO_LONG), 1)
            yield entry
            yield from [CsvLine((), entry.problem)] * (line_count - 1)
            number += line_count

    def _record(self, text: str, number: int) -> tuple[CsvLine, int]:
        """Return the record that begins with this text in line ``number``, and how many lines it has."""
        line_count = 1
        while True:
            try:
                return CsvLine(tuple(next(csv.reader([text], delimiter=self._delimiter, strict=True), ()))), line_count
            except csv.Error as error:
                problem = _problem(str(error))
            if problem != OPEN_QUOTE or line_count == MAX_CELL_LINES:
                break
            line = next(self._lines, b"\n")
            if line == b"\n":
                break
            line_count += 1
            more = self._decode(line)
            if more is None:
                problem = TOO_LONG
                break
            text += more
        return CsvLine((), _in_range(problem, number, line_count)), line_count

    @staticmethod
    def _decode(line: bytes | None) -> str | None:
        return None if line is None else line.decode(errors="surrogateescape") + "\n"


def _problem(error: str) -> str:
    """Return a sentence for an error of the csv module, which has no codes."""
    if "unexpected end" in error:
        return OPEN_QUOTE
    if "expected after" in error:
        return "text follows a closing quote"
    return "a cell is longer than 1 MiB" if "larger" in error else "a carriage return is outside quotes"


def _in_range(problem: str, first: int, line_count: int) -> str:
    """Return the problem with the lines that it takes; a problem of one line needs none."""
    return problem if line_count == 1 else f"{problem}: lines {first} to {first + line_count - 1}"
