"""Files are replaced as a whole, with their mode."""

from pathlib import Path

import pytest

from cli.atomic_file import PRIVATE, create_file, replace_file


def test_a_replaced_file_has_the_new_content_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old content")
    replace_file(path, b"new", PRIVATE)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_remains_of_a_killed_process_are_not_written_into(tmp_path: Path) -> None:
    target = tmp_path / "other"
    target.write_bytes(b"untouched")
    (tmp_path / "secret.new").symlink_to(target)
    replace_file(tmp_path / "secret", b"new", PRIVATE)
    assert (target.read_bytes(), (tmp_path / "secret").read_bytes()) == (b"untouched", b"new")


def test_an_existing_file_is_not_created_again(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_file(path, b"first", PRIVATE)
    with pytest.raises(FileExistsError):
        create_file(path, b"second", PRIVATE)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"first", 0o600)
    assert list(tmp_path.iterdir()) == [path]
