"""Tests over HTTP of statistics: general figures that identify no person, also not by subtraction."""

from typing import Any

from tests.conftest import Api, Databases
from tests.people import GRANT, OPT_OUT, RECORD_SYNC, SYNC
from tests.workers.policy_work import drain, execute

ASK = (
    "query($purpose: String!) { statistics { asOf subjects choices(purpose: $purpose) "
    "{ granted withdrawn objected neverAsked } storage { accounts totalBytes medianBytes p90Bytes } "
    "apps: clients(by: APP) { value accounts } versions: clients(by: VERSION) { value accounts } "
    "platforms: clients(by: PLATFORM) { value accounts } "
    "requests(kind: ERASURE, year: 2026) { received medianDays } } }"
)


def statistics(api: Api, purpose: str = "newsletter", role: str = "ANALYST") -> Any:
    return api.ask(role, ASK, case="", purpose=purpose).data["statistics"]


def next_day(databases: Databases) -> None:
    """Compute the figures anew, as the worker does on the next day."""
    execute(databases, "WITH gone AS (DELETE FROM statistics_figures) SELECT 1")
    execute(databases, "DELETE FROM statistics_days")
    drain(databases)


def register(api: Api, number: int, app: str) -> str:
    person = api.register(f"user{number}@example.com")
    client = {"app": app, "version": "5.1", "platform": "macOS", "userAgent": f"{app}/5.1"}
    report = SYNC | {"reference": f"sync-{number}", "storageBytes": 1_234_567, "client": client}
    assert api.ask("SYNC", RECORD_SYNC, who={"id": person}, input=report).data
    return person


def test_general_statistics_identify_nobody(api: Api, databases: Databases) -> None:
    """The policy: "We gather general non-specific statistics about Customer Data"."""
    assert api.ask("ANALYST", ASK, purpose="newsletter").code == "UNAVAILABLE"
    people = [register(api, number, "Outliner" if number < 28 else "Planner") for number in range(47)]
    for person in people[:23]:
        assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    for person in people[:4]:
        answer = api.ask("STORE", OPT_OUT, who={"id": person}, purposes=["newsletter"], channel="STORE")
        assert answer.data
    next_day(databases)
    day = statistics(api)
    assert day["subjects"] == 45
    assert day["choices"] == {"granted": None, "withdrawn": None, "objected": None, "neverAsked": 25}, "4 and 19 hide"
    assert day["storage"] == {"accounts": 45, "totalBytes": 58_000_000, "medianBytes": 1_200_000, "p90Bytes": 1_200_000}
    assert day["apps"] == [], "19 of 47 hide, and the others, of whom 19 could be found by subtraction"
    assert day["versions"] == [{"value": "5.1", "accounts": 45}]
    assert day["requests"] == {"received": None, "medianDays": None}
    assert statistics(api, role="PRIVACY") == day
    for role in ("STORE", "SUPPORT", "AUDITOR", "ADMIN"):
        assert api.ask(role, ASK, purpose="newsletter").code == "FORBIDDEN"
    assert api.ask("ANALYST", ASK, purpose="sale").code == "UNKNOWN_PURPOSE"
    # One more person, and the same question: the same answer for a day. On the next one the twentieth account shows.
    extra = register(api, 99, "Planner")
    assert api.ask("STORE", GRANT, who={"id": extra}, purpose="newsletter", channel="STORE").data
    drain(databases)
    assert statistics(api) == day
    next_day(databases)
    later = statistics(api)
    assert later["choices"] == day["choices"]
    assert later["apps"] == [{"value": "Outliner", "accounts": 30}, {"value": "Planner", "accounts": 20}]
    # The parts that are shown leave at least 20 people in the rest, so that no one is found by subtraction.
    shown = [count for count in later["choices"].values() if count is not None]
    assert later["subjects"] - sum(shown) >= 20
