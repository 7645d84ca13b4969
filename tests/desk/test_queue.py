"""The queue of requests: its lists, its filters, and a CSV file without people."""

import csv
import io

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
