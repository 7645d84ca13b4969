"""Tests of CSV files: every line is listed once, with its cells or with what is wrong."""

from pathlib import Path

import pytest
import typer

from cli.bulk.csv_file import MAX_CELL_LINES, OPEN_QUOTE, TOO_LONG, CsvFile, CsvLine
from cli.bulk.input_file import MAX_LINE_BYTES, InputFile

BLANK = CsvLine()


def lines_of(path: Path, content: bytes) -> list[CsvLine]:
    path.write_bytes(content)
    source = InputFile(str(path))
    try:
        return list(CsvFile(source).lines())
    finally:
        source.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lines.csv"


def test_each_line_has_its_cells_and_a_long_cell_leaves_its_other_lines_blank(path: Path) -> None:
    content = b'a,b\n1,2\r\n\n"x\ny, ""z""",3\n4,5'
    assert lines_of(path, content) == [
        *(BLANK, CsvLine(("1", "2")), BLANK, CsvLine(('x\ny, "z"', "3")), BLANK, CsvLine(("4", "5")))
    ]


@pytest.mark.parametrize("first", [b"sep=;\n", b'"sep=;"\r\n', b"\xef\xbb\xbfSEP=;\n"])
def test_the_separator_line_of_spreadsheets_is_understood(path: Path, first: bytes) -> None:
    assert lines_of(path, first + b"a,b,c;d\n1,2;3\n") == [BLANK, BLANK, CsvLine(("1,2", "3"))]


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_the_delimiter_is_the_one_of_the_first_line(path: Path, delimiter: bytes) -> None:
    assert lines_of(path, b"a?b\n1?2\n".replace(b"?", delimiter)) == [BLANK, CsvLine(("1", "2"))]


def test_a_quote_that_is_never_closed_takes_no_other_line_silently(path: Path) -> None:
    rows = [b"a,b", *(b"%d,x" % number for number in range(2, 1001))]
    rows[500] = b'501,"x'
    last = 501 + MAX_CELL_LINES - 1
    lines = lines_of(path, b"\n".join(rows))
    assert len(lines) == 1000
    assert set(lines[500:last]) == {CsvLine((), f"{OPEN_QUOTE}: lines 501 to {last}")}
    assert [line.cells[0] for line in lines[1:500] + lines[last:]] == [
        str(number) for number in [*range(2, 501), *range(last + 1, 1001)]
    ]


def test_a_quote_that_is_not_closed_at_the_end_lists_the_rest(path: Path) -> None:
    assert lines_of(path, b'a\n"x\ny\n')[1:] == [CsvLine((), f"{OPEN_QUOTE}: lines 2 to 3")] * 2
    assert lines_of(path, b'a\n1\n"x')[1:] == [CsvLine(("1",)), CsvLine((), OPEN_QUOTE)]


def test_text_after_a_quote_and_long_lines_are_named_and_the_rest_is_read(path: Path) -> None:
    long = b"x" * (MAX_LINE_BYTES + 1)
    content = b"\n".join([b"a", b'"x"y', b"1", long, b"2", b'"x', long, b"3\rz", b"4"])
    assert lines_of(path, content)[1:] == [
        CsvLine((), "text follows a closing quote"),
        CsvLine(("1",)),
        CsvLine((), TOO_LONG),
        CsvLine(("2",)),
        *[CsvLine((), f"{TOO_LONG}: lines 6 to 7")] * 2,
        CsvLine((), "a carriage return is outside quotes"),
        CsvLine(("4",)),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_named(path: Path, encoding: str) -> None:
    with pytest.raises(typer.BadParameter, match="save it as UTF-8"):
        lines_of(path, "email\na@example.com\n".encode(encoding))


def test_lines_that_end_with_cr_only_are_named(path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="end with CR only"):
        lines_of(path, b"email\ra@example.com\rb@example.com\r")


def test_an_empty_file_has_an_empty_header(path: Path) -> None:
    assert lines_of(path, b"") == [BLANK]
    with pytest.raises(typer.BadParameter, match="not valid CSV"):
        lines_of(path, b'"a\nb')
