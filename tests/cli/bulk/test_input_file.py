"""Input files: lines without their ends, a limit on their length, and one reader at a time."""

import hashlib
from pathlib import Path

import pytest
import typer

from cli.bulk.input_file import MAX_LINE_BYTES, InputFile


def test_lines_have_no_line_end_and_too_long_ones_are_none(tmp_path: Path) -> None:
    longest = b"x" * MAX_LINE_BYTES
    content = b"\xef\xbb\xbffirst\r\n\n" + longest + b"\n" + longest + b"y\nlast"
    (tmp_path / "lines").write_bytes(content)
    source = InputFile(str(tmp_path / "lines"))
    assert list(source.lines()) == [b"first", b"", longest, None, b"last"]
    assert source.bytes_read == source.size == len(content)
    assert source.digest == hashlib.sha256(content).hexdigest()
    source.close()


def test_a_second_reader_of_the_same_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"line\n")
    first = InputFile(str(tmp_path / "lines"))
    with pytest.raises(typer.BadParameter, match="another process is reading"):
        InputFile(str(tmp_path / "lines"))
    first.close()
    InputFile(str(tmp_path / "lines")).close()


def test_files_of_a_job_lie_next_to_the_input(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_bytes(b"")
    source = InputFile(str(tmp_path / "lines.csv"))
    assert source.sibling(".progress") == tmp_path / "lines.csv.progress"
    source.close()
    assert InputFile("-").sibling(".rejects.jsonl") == Path("stdin.rejects.jsonl")


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="No such file"):
        InputFile(str(tmp_path / "missing"))
