"""Versions of the privacy policy over HTTP: published after the number of people was said."""

from tests.conftest import Api
from tests.desk.agents import Agent


def test_a_version_is_published_after_a_review(api: Api, officer: Agent, support: Agent) -> None:
    assert "Publish a version" not in support.open("/policy")
    officer.open("/policy")
    form = {
        "version": "2031-01-01",
        "effectiveOn": "2031-01-01",
        "url": "https://example.com/privacy/2031",
        "mustAskAgain": "newsletter",
        "notify": "yes",
    }
    page = officer.post("/policy", **form)
    assert "Before you publish" in page
    assert "will be written to" in page
    assert "consents will count no more" in page or "consents that will count no more" in page
    assert "Publish a version" in officer.post("/policy", **form, step="edit")
    assert "2031-01-01" in officer.page.text
    page = officer.post("/policy", **form | {"url": "http://example.com"}, step="confirm")
    assert "BAD_INPUT" in page
    assert 'aria-invalid="true"' in officer.page.text
    page = officer.post("/policy", **form, step="confirm")
    assert "The version is published." in page
    assert "1 Jan 2031" in page
    other = form | {"url": "https://example.com/other"}
    assert "STATE_CONFLICT" in officer.post("/policy", **other, step="confirm")
    assert "Nobody is written to." in officer.post("/policy", version="2032", effectiveOn="2032-01-01", url="https://x")
