"""Retention over HTTP: what a rule would remove is shown, and a hold stops it for one person."""

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.people import known


def test_a_rule_is_set_and_shows_what_it_would_remove(api: Api, officer: Agent, sign_in: SignIn) -> None:
    known(api)
    page = officer.open("/retention")
    assert "Would remove" in page
    assert "Enter a whole number of days." in officer.post("/retention/rules", category="SYNC_FILE_NAMES", days="many")
    assert "BAD_INPUT" in officer.post("/retention/rules", category="SYNC_FILE_NAMES")
    page = officer.post("/retention/rules", category="SYNC_FILE_NAMES", days="7", reason="Nobody needs them longer")
    assert "The rule is set." in page
    assert "7 days Nobody needs them longer" in page
    auditor = sign_in("AUDITOR")
    assert "Nobody needs them longer" in auditor.open("/retention")
    assert "Change a rule" not in auditor.text
    assert "Hold the data" not in auditor.text


def test_the_data_of_a_person_is_held_and_released(api: Api, officer: Agent) -> None:
    known(api)
    officer.open("/retention")
    form = {"subject": "user@example.com", "ground": "LEGAL_CLAIM"}
    assert "This is not an address" in officer.post(
        "/retention/hold", subject="Ada", ground="LEGAL_CLAIM", reference="7"
    )
    assert "BAD_INPUT" in officer.post("/retention/hold", **form, reference="")
    assert "The person's data is held." in officer.post("/retention/hold", **form, reference="7 O 12/26")
    assert "STATE_CONFLICT" in officer.post("/retention/hold", **form, reference="8 O 99/26")
    assert "The hold is released." in officer.post("/retention/release", **form)
    assert officer.page.url.query == b""
