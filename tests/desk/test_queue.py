"""The queue of requests: its lists, its filters, and a CSV file without people."""

import csv
import io
import re
from typing import Any

from desk.queue import PAGE, merge_open
from tests.conftest import Api
from tests.desk.agents import Agent, SignIn

OPEN = (
    "mutation($by: SubjectBy!, $kind: RequestKind!) { openRequest(subject: $by, kind: $kind, channel: PHONE) { id } }"
)


def opened(api: Api, email: str, kind: str) -> str:
    api.register(email)
    return str(api.ask("SUPPORT", OPEN, by={"email": email}, kind=kind).data["openRequest"]["id"])


def test_unverified_requests_are_out_of_the_way_of_the_open_ones(api: Api, support: Agent) -> None:
    complaint = opened(api, "a@example.com", "COMPLAINT")
    access = opened(api, "b@example.com", "ACCESS")
    page = support.open("/requests")
    assert complaint in support.page.text
    assert access not in support.page.text
    assert "days left" in page
    support.open("/requests?view=unverified")
    assert access in support.page.text
    assert complaint not in support.page.text
    for view in ("overdue", "done", "denied", "cancelled"):
        assert "There are no such requests." in support.open(f"/requests?view={view}")


def test_the_list_is_narrowed_by_kind_and_due_date(api: Api, support: Agent) -> None:
    complaint = opened(api, "a@example.com", "COMPLAINT")
    enquiry = opened(api, "b@example.com", "ENQUIRY")
    support.open("/requests?kind=ENQUIRY")
    assert enquiry in support.page.text
    assert complaint not in support.page.text
    assert "There are no such requests." in support.open("/requests?due=week")
    support.open("/requests?kind=nothing&due=never&view=what")
    assert complaint in support.page.text


def test_the_csv_file_has_ids_and_dates_and_nobody(api: Api, support: Agent) -> None:
    ids = {opened(api, f"user{number}@example.com", "COMPLAINT") for number in range(3)}
    support.open("/requests.csv?view=all")
    assert support.page.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(support.page.text)))
    assert {row["id"] for row in rows} == ids
    assert {row["kind"] for row in rows} == {"COMPLAINT"}
    assert "sub_" not in support.page.text
    assert "example.com" not in support.page.text


def test_long_lists_have_pages_and_the_csv_file_has_them_all(api: Api, support: Agent) -> None:
    api.register("user@example.com")
    document = "mutation($by: SubjectBy!) { openRequest(subject: $by, kind: ENQUIRY, channel: MAIL) { id } }"
    for number in range(51):
        api.ask("SUPPORT", document, by={"email": "user@example.com"}, case=f"case/{number}").data  # noqa: B018
    assert "Next page" in support.open("/requests?view=all")
    address = support.page.text.partition('class="button second" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert support.open(address).count("Enquiry …") == 1
    assert len(support.client.get("/requests.csv?view=all").text.splitlines()) == 52


def test_a_role_without_requests_sees_none(sign_in: SignIn) -> None:
    billing = sign_in("BILLING")
    assert "Requests" not in billing.open("/")
    assert "Your role does not permit this" in billing.open("/requests")
    assert billing.page.status_code == 403


def test_open_requests_of_all_states_are_on_the_pages_in_order_and_each_once(api: Api, support: Agent) -> None:
    api.register("user@example.com")
    document = "mutation($by: SubjectBy!) { openRequest(subject: $by, kind: ENQUIRY, channel: MAIL) { id } }"
    ids = []
    for number in range(105):
        answer = api.ask("SUPPORT", document, by={"email": "user@example.com"}, case=f"case/{number}")
        ids.append(str(answer.data["openRequest"]["id"]))
    erase = "mutation($by: SubjectBy!) { requestErasure(subject: $by, channel: MAIL, identity: ATTESTED) { id } }"
    ids.append(str(api.ask("PRIVACY", erase, by={"email": "user@example.com"}).data["requestErasure"]["id"]))
    shown: list[str] = []
    address = "/requests"
    for _ in range(3):
        support.open(address)
        rows = re.findall(r'<th scope="row"><a href="/requests/(req_\w+)"', support.page.text)
        assert len(rows) <= PAGE
        shown += rows
        address = support.page.text.partition('class="button second" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert address == ""
    assert sorted(shown) == sorted(ids)
    assert len(support.client.get("/requests.csv").text.splitlines()) == len(ids) + 1


def test_lists_are_merged_by_due_date_and_go_on_where_each_of_them_ended() -> None:
    def edge(name: str, day: int) -> dict[str, Any]:
        return {"cursor": f"{name}{day}", "node": {"id": f"{name}{day}", "dueAt": f"{day:03}", "extendedUntil": None}}

    days = {"scheduled": range(0, 150, 2), "inProgress": range(1, 150, 3), "waiting": range(200, 203)}
    places: dict[str, str] = {}
    shown: list[str] = []
    for _ in range(4):
        data = {}
        for name, numbers in days.items():
            after = int(places[name].removeprefix(name)) if name in places else -1
            left = [edge(name, day) for day in numbers if day > after]
            data[name] = {"edges": left[:PAGE], "pageInfo": {"hasNextPage": len(left) > PAGE}}
        rows = merge_open(data, places)
        shown += [row["id"] for row in rows.requests]
        places = {name: part for name, part in zip(days, rows.cursor.split("."), strict=False) if part}
        if not rows.has_more:
            break
    expected = sorted((day, name) for name, numbers in days.items() for day in numbers)
    assert [(int(re.sub(r"\D", "", each)), each.rstrip("0123456789")) for each in shown] == expected
