"""What is typed into forms: times in the agent's zone, and lists of people."""

from desk.fields import moment_of, now_in, people_count, people_of


def test_times_are_those_of_the_zone_of_the_agent() -> None:
    assert moment_of("2026-07-01T12:00", "Europe/Berlin") == "2026-07-01T10:00:00Z"
    assert moment_of("2026-07-01T12:00", "Nowhere/At-All") == "2026-07-01T12:00:00Z"
    assert moment_of("0001-01-01T00:00", "Asia/Tokyo") is None
    assert moment_of("soon", "UTC") is None
    assert moment_of(now_in("Asia/Tokyo"), "Asia/Tokyo") is not None


def test_people_are_named_by_identifiers_of_one_kind() -> None:
    person = "sub_" + "0" * 32
    assert people_of(f" {person}\n\n{person}\r\n") == {"ids": [person]}
    assert people_of("ada@example.com\nbo@example.com") == {"emails": ["ada@example.com", "bo@example.com"]}
    assert people_of("store:1") == {"accounts": [{"system": "store", "reference": "1"}]}
    assert people_of(f"{person}\nada@example.com") is None
    assert people_of("ada") is None
    assert people_of(" \n") is None
    assert people_of("\n".join(f"store:{number}" for number in range(1001))) is None
    assert people_count(people_of("ada@example.com\nbo@example.com")) == 2
    assert people_count(None) == 0
