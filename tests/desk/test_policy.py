"""Versions of the privacy policy over HTTP: published after the number of people was said."""

from datetime import UTC, datetime

from tests.conftest import Api
from tests.desk.agents import Agent

YEAR = datetime.now(UTC).year + 1


def test_a_version_is_published_after_a_review(api: Api, officer: Agent, support: Agent) -> None:
    assert "Publish a version" not in support.open("/policy")
    officer.open("/policy")
    form = {
        "version": f"{YEAR}-01-01",
        "effectiveOn": f"{YEAR}-01-01",
        "url": f"https://example.com/privacy/{YEAR}",
        "mustAskAgain": "newsletter",
        "notify": "yes",
    }
    page = officer.post("/policy", **form)
    assert "Before you publish" in page
    assert "will be written to" in page
    assert "consents will count no more" in page or "consents that will count no more" in page
    assert "Publish a version" in officer.post("/policy", **form, step="edit")
    assert f"{YEAR}-01-01" in officer.page.text
    page = officer.post("/policy", **form | {"url": "http://example.com"}, step="confirm")
    assert "BAD_INPUT" in page
    assert 'aria-invalid="true"' in officer.page.text
    page = officer.post("/policy", **form, step="confirm")
    assert "The version is published." in page
    assert f"1 Jan {YEAR}" in page
    other = form | {"url": "https://example.com/other"}
    assert "STATE_CONFLICT" in officer.post("/policy", **other, step="confirm")
    assert "Nobody is written to." in officer.post(
        "/policy", version="later", effectiveOn=f"{YEAR}-02-01", url="https://x"
    )
