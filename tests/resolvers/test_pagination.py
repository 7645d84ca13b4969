"""Pages: by key, complete, and with cursors that no caller can make, alter or use on another list."""

import base64
from typing import Any

import pytest

from tests.conftest import Api
from tests.people import GRANT, OPT_OUT

PEOPLE = (
    "query($first: Int, $after: Cursor) { subjects(first: $first, after: $after) "
    "{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
)
HISTORY = (
    "query($id: ID!, $first: Int, $after: Cursor) { subject(by: { id: $id }) "
    "{ consentHistory(first: $first, after: $after) "
    "{ edges { cursor node { state } } pageInfo { hasNextPage endCursor } } } }"
)
EVENTS = (
    "query($id: ID!, $after: Cursor) { subject(by: { id: $id }) { accessEvents(first: 1, after: $after) "
    "{ edges { cursor } pageInfo { endCursor } } } }"
)


def chooses(api: Api, person: str, times: int) -> None:
    for number in range(times):
        who = {"id": person}
        if number % 2:
            api.ask("STORE", OPT_OUT, who=who, purposes=["newsletter"], channel="STORE").data  # noqa: B018 -- it asserts
        else:
            api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE").data  # noqa: B018


def test_pages_give_everybody_once_in_order(api: Api) -> None:
    people = [api.register(f"user{number}@example.com") for number in range(7)]
    for size in (1, 2, 3, 6, 7, 8, 100):
        ids: list[str] = []
        after = None
        while True:
            page: dict[str, Any] = api.ask("ADMIN", PEOPLE, first=size, after=after).data["subjects"]
            info, edges = page["pageInfo"], page["edges"]
            assert info["hasPreviousPage"] == bool(ids)
            assert 0 < len(edges) <= size
            ids += [edge["node"]["id"] for edge in edges]
            assert info["hasNextPage"] == (len(ids) < len(people))
            if not info["hasNextPage"]:
                break
            after = info["endCursor"]
        assert ids == people


def test_an_empty_list_has_a_page_without_cursors(api: Api) -> None:
    page = api.ask("ADMIN", PEOPLE).data["subjects"]
    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert page == {"edges": [], "pageInfo": info}


def test_somebody_registered_meanwhile_is_on_a_later_page_and_nobody_is_skipped(api: Api) -> None:
    first = [api.register(f"user{number}@example.com") for number in range(2)]
    cursor = api.ask("ADMIN", PEOPLE, first=2).data["subjects"]["pageInfo"]["endCursor"]
    late = api.register("late@example.com")
    page = api.ask("ADMIN", PEOPLE, first=2, after=cursor).data["subjects"]
    assert [edge["node"]["id"] for edge in page["edges"]] == [late]
    assert late not in first


def test_a_history_goes_back_line_by_line(api: Api) -> None:
    person = api.register("user@example.com")
    chooses(api, person, 5)
    states, after = [], None
    for _ in range(5):
        page = api.ask("SUPPORT", HISTORY, id=person, first=1, after=after).data["subject"]["consentHistory"]
        states += [edge["node"]["state"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert states == ["GRANTED", "WITHDRAWN", "GRANTED", "WITHDRAWN", "GRANTED"]
    assert not page["pageInfo"]["hasNextPage"]


def refused(api: Api, document: str, role: str = "PRIVACY", **variables: Any) -> bool:
    answer = api.ask(role, document, **variables)
    errors = answer.body.get("errors", [])
    return bool(errors) and errors[0]["extensions"] == {
        "code": "BAD_INPUT",
        "argument": "after",
        "problem": "INVALID_VALUE",
    }


def test_a_cursor_of_another_list_or_another_person_is_refused(api: Api) -> None:
    one, two = api.register("one@example.com"), api.register("two@example.com")
    chooses(api, one, 2)
    chooses(api, two, 2)
    of_people = api.ask("PRIVACY", PEOPLE, first=1).data["subjects"]["edges"][0]["cursor"]
    of_one = api.ask("PRIVACY", HISTORY, id=one, first=1).data["subject"]["consentHistory"]["edges"][0]["cursor"]
    of_events = api.ask("PRIVACY", EVENTS, id=one).data["subject"]["accessEvents"]["edges"][0]["cursor"]
    assert not refused(api, HISTORY, id=one, after=of_one)
    assert not refused(api, EVENTS, id=one, after=of_events)
    assert refused(api, HISTORY, id=two, after=of_one)
    assert refused(api, HISTORY, id=one, after=of_people)
    assert refused(api, HISTORY, id=one, after=of_events)
    assert refused(api, EVENTS, id=one, after=of_one)
    assert refused(api, EVENTS, id=two, after=of_events)
    assert refused(api, PEOPLE, after=of_one)
    assert refused(api, PEOPLE, after=of_events)


def test_a_forged_altered_or_shortened_cursor_is_refused(api: Api) -> None:
    api.register("one@example.com")
    api.register("two@example.com")
    cursor = api.ask("PRIVACY", PEOPLE, first=1).data["subjects"]["edges"][0]["cursor"]
    octets = base64.urlsafe_b64decode(cursor)
    for length in (0, 1, 8, 11, 12, 13, 27, 28, len(octets) - 1):
        assert refused(api, PEOPLE, after=base64.urlsafe_b64encode(octets[:length]).decode())
    for position in range(0, len(octets), 5):
        changed = bytearray(octets)
        changed[position] ^= 1
        assert refused(api, PEOPLE, after=base64.urlsafe_b64encode(bytes(changed)).decode())
    for forged in ("", "=", "a", "null", "[]", "1", "a" * 100_000, cursor[:-4], cursor[4:], cursor + "AAAA"):
        assert refused(api, PEOPLE, after=forged)
    assert not refused(api, PEOPLE, after=cursor)


def test_a_cursor_tells_nothing_and_is_new_each_time(api: Api) -> None:
    person = api.register("one@example.com")
    cursors = [api.ask("PRIVACY", PEOPLE).data["subjects"]["edges"][0]["cursor"] for _ in range(2)]
    assert cursors[0] != cursors[1]
    octets = base64.urlsafe_b64decode(cursors[0])
    assert person[4:].encode() not in octets
    assert bytes.fromhex(person[4:]) not in octets
    assert b"20" + b"26" not in octets


@pytest.mark.parametrize("number", [1, 99, 100])
def test_a_page_has_at_most_what_was_asked_for(api: Api, number: int) -> None:
    api.register("one@example.com")
    api.register("two@example.com")
    assert len(api.ask("ADMIN", PEOPLE, first=number).data["subjects"]["edges"]) == min(2, number)
