"""File lists: names as they were reported, card-like ones replaced, sizes that are counts of bytes."""

from datetime import UTC, datetime

import pytest

from models.errors import BadInput, CardNumberRefused
from models.storage.turns import run_at_once
from models.sync import file_lists
from models.sync.file_lists import FileReport

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_each_card_like_name_gets_a_placeholder_of_its_own() -> None:
    names = ("a", "4111111111111111", "4111 1111 1111 1111", "4111111111111111")
    files, count = file_lists.normalize_files([FileReport(name, 1, AT) for name in names], "files")
    assert [file.name for file in files] == ["a", "[card number removed 1]", "[card number removed 2]"]
    assert count == 2


def test_mutations_of_one_operation_screen_each_name_once() -> None:
    files = [FileReport(name, 1, AT) for name in ("a", "4111111111111111", "a")]
    verdicts: dict[str, bool] = {}
    first = run_at_once(file_lists.normalization_steps(files, "files", verdicts))
    assert verdicts == {"a": False, "4111111111111111": True}
    assert run_at_once(file_lists.normalization_steps(files, "files", verdicts)) == first
    verdicts["a"] = True
    assert run_at_once(file_lists.normalization_steps(files, "files", verdicts))[1] == 2, "a verdict is not made again"


def test_a_long_list_is_normalized_in_steps() -> None:
    files = [FileReport(f"{'é' * 200}{number}", 1, AT) for number in range(100)]
    assert len([*file_lists.normalization_steps(files, "files", {})]) >= 4


def test_sizes_are_counts_of_bytes_and_no_card_numbers() -> None:
    file_lists.require_bytes(3 * 10**9, "size")
    with pytest.raises(BadInput):
        file_lists.require_bytes(-1, "size")
    with pytest.raises(CardNumberRefused):
        file_lists.require_bytes(4111111111111111, "size")
