"""File lists: names as they were reported, card-like ones replaced, sizes that are counts of bytes."""

from datetime import UTC, datetime

import pytest

from models.errors import BadInput, CardNumberRefused
from models.sync import file_lists
from models.sync.file_lists import FileReport

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_each_card_like_name_gets_a_placeholder_of_its_own() -> None:
    names = ("a", "4111111111111111", "4111 1111 1111 1111", "4111111111111111")
    files, count = file_lists.normalize_files([FileReport(name, 1, AT) for name in names], "files")
    assert [file.name for file in files] == ["a", "[card number removed 1]", "[card number removed 2]"]
    assert count == 2


def test_sizes_are_counts_of_bytes_and_no_card_numbers() -> None:
    file_lists.require_bytes(3 * 10**9, "size")
    with pytest.raises(BadInput):
        file_lists.require_bytes(-1, "size")
    with pytest.raises(CardNumberRefused):
        file_lists.require_bytes(4111111111111111, "size")
