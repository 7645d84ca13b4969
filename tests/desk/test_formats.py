"""How values look on a page."""

from datetime import UTC, datetime

import pytest

from desk import formats
from desk.texts import Texts


def test_times_are_in_the_zone_of_the_agent_with_utc_in_the_title() -> None:
    date = Texts().date
    assert formats.time_element("2027-01-31T23:30:00Z", date, "Europe/Berlin") == (
        '<time datetime="2027-01-31T23:30:00Z" title="2027-01-31 23:30:00 UTC">1 Feb 2027, 00:30</time>'
    )
    assert "31 Jan 2027, 23:30" in formats.time_element("2027-01-31T23:30:00Z", date, "No/Where")
    assert formats.day_element("2027-01-31", date) == '<time datetime="2027-01-31">31 Jan 2027</time>'
    assert formats.time_element("<b>", date) == "<span>&lt;b&gt;</span>"
    assert "1 Feb 2027" in formats.day_element("2027-01-31T23:30:00Z", date, "Europe/Berlin")


@pytest.mark.parametrize(("at", "days"), [("2027-01-31T13:00:00Z", 1), ("2027-01-30T11:00:00Z", -1), (None, None)])
def test_days_until_a_time(at: str | None, days: int | None) -> None:
    assert formats.days_until(at, datetime(2027, 1, 30, 12, tzinfo=UTC)) == days


def test_a_value_does_not_turn_the_text_after_it_around() -> None:
    hostile = "\u202e\u2066moc.elpmaxe\u202d"
    assert formats.isolated(hostile) == "<bdi>\ufffd\ufffdmoc.elpmaxe\ufffd</bdi>"
    assert formats.isolated("محمد") == "<bdi>محمد</bdi>"


def test_sizes_have_units_of_a_thousand() -> None:
    assert [formats.size(each) for each in (0, 999, 1500, 15_000_000, 3_000_000_000, None)] == [
        "0 bytes",
        "999 bytes",
        "1.5 KB",
        "15 MB",
        "3.0 GB",
        "–",  # noqa: RUF001 -- an en dash
    ]


def test_links_lead_to_https_only_and_ids_stay_one_part_of_a_path() -> None:
    assert formats.web_address("https://example.com/policy") == "https://example.com/policy"
    assert [formats.web_address(each) for each in ("javascript:alert(1)", "//x", "http://x", "https://[")] == [""] * 4
    assert formats.path_part("../a?b#c") == "%2E%2E%2Fa%3Fb%23c"


def test_cells_of_csv_files_are_no_formulas() -> None:
    assert [formats.csv_cell(each) for each in ("=1+1", "@x", "-1", "req_1", None)] == [
        "'=1+1",
        "'@x",
        "'-1",
        "req_1",
        "",
    ]
