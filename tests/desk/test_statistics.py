"""Statistics over HTTP, as tables and as charts drawn on the server."""

import re

from desk.statistics import ranked, stacked
from tests.conftest import Api, Databases
from tests.desk.agents import Agent, SignIn
from tests.people import GRANT
from tests.resolvers.test_statistics import next_day, register


def test_analysts_see_counts_with_charts_and_never_people(
    api: Api, databases: Databases, support: Agent, sign_in: SignIn
) -> None:
    for number in range(42):
        person = register(api, number, "Outliner")
        if number % 2:
            assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    next_day(databases)
    analyst = sign_in("ANALYST")
    page = analyst.open("/")
    assert "Statistics" in page, "the first page of an analyst"
    assert "People 40" in page
    assert "Outliner 40" in page
    assert "withheld" in page
    [newsletter] = re.findall(r'<th scope="row"><bdi>Newsletter</bdi>.*?</tr>', analyst.page.text)
    assert newsletter.count("empty") == 1, "nobody objects to a purpose that needs consent"
    assert '<rect class="part-0" width="100.0%"' in analyst.page.text
    assert "style=" not in analyst.page.text
    assert "user0@example.com" not in analyst.page.text
    assert "Requests of 2025" in analyst.open("/statistics?year=2025")
    assert "Your role does not permit this" in support.open("/statistics")


def test_bars_leave_out_what_is_withheld() -> None:
    bars = stacked({"granted": 30, "withdrawn": None, "objected": 0, "neverAsked": 90})
    assert [(bar.name, bar.start, bar.width) for bar in bars] == [("granted", 0, 25), ("neverAsked", 25, 75)]
    assert stacked({"granted": None}) == []
    assert [bar.width for bar in stacked({"granted": 30, "neverAsked": None}, 120)] == [25], "the rest is withheld"
    rows = [{"value": "a", "accounts": 20}, {"value": "b", "accounts": 80}]
    assert [(bar.name, bar.width) for bar in ranked(rows)] == [("b", 100), ("a", 25)]
    assert ranked([]) == []
