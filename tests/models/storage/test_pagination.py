"""A page holds at most the requested rows, and the row beyond them says whether more follow."""

import pytest

from models.storage.pagination import PageRequest, build_page


@pytest.mark.parametrize(
    ("row_count", "first", "expected", "has_next"),
    [(0, 2, 0, False), (2, 2, 2, False), (3, 2, 2, True), (1, 0, 0, True)],
)
def test_a_page_has_the_first_rows_and_knows_whether_more_follow(
    row_count: int, first: int, expected: int, *, has_next: bool
) -> None:
    page = build_page([*range(row_count)], PageRequest(first))
    assert (list(page.rows), page.has_next) == ([*range(expected)], has_next)
