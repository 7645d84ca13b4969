"""Letters and notices in Chromium: none is wider than a phone, and each reads from its first words on."""

from pathlib import Path

import pytest

from mailers.emails import EMAIL_TEMPLATES, render_email, render_templates
from mailers.message import EmailContent, Sender
from models.outbox.staff_notices import StaffNoticeKind
from tests.browser import opened, program

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")

SENDER = Sender.read("Privacy <privacy@example.com>", "support@example.com", "https://privacy.example.com")
LINK = "https://privacy.example.com/u/" + "A" * 130
ID = "0123456789abcdef" * 2
DUE = {
    "request": f"req_{ID}",
    "kind": "CA_DIRECT_MARKETING_DISCLOSURE",
    "state": "AWAITING_VERIFICATION",
    "received": "2027-01-01",
    "due": "2027-01-31 12:00 UTC",
}
NOTICES = {
    StaffNoticeKind.ACCESS_GRANT_ASKED: {
        "actor": "support desk",
        "minutes": "30",
        "case": "#" + "1042" * 15,
        "grant": f"agr_{ID}",
        "person": f"sub_{ID}",
    },
    StaffNoticeKind.PEOPLE_TOKEN_ISSUED: {
        "issuer": "scripts",
        "token": f"tok_{ID}",
        "name": "n" * 64,
        "roles": "SUPPORT, BILLING, PRIVACY",
        "approval": "It does not work yet.",
        "expires": "2027-01-31",
    },
    StaffNoticeKind.CASE_WITH_MANY_PEOPLE: {
        "case": "#" + "1042" * 15,
        "people": "2000",
        "actors": "support desk, " + "n" * 64,
        "day": "2027-01-31",
    },
    **{
        key: {
            "request": f"req_{ID}",
            "kind": "CA_DIRECT_MARKETING_DISCLOSURE",
            "state": "AWAITING_VERIFICATION",
            "received": "2027-01-31",
            "due": "2027-03-02 12:00 UTC",
        }
        for key in (StaffNoticeKind.REQUEST_DUE_SOON, StaffNoticeKind.REQUEST_DUE)
    },
    StaffNoticeKind.CHILD_REPORTED: {
        "request": f"req_{ID}",
        "person": f"sub_{ID}",
        "received": "2027-01-31",
        "due": "2027-02-28",
    },
    StaffNoticeKind.RECIPIENTS_TO_NOTIFY: {
        "request": f"req_{ID}",
        "person": f"sub_{ID}",
        "recipients": "Mailer GmbH, 1 Main Street, DE, contract-" + "7" * 60,
    },
    StaffNoticeKind.BACKUP_OVERDUE: {
        "system": "store",
        "label": "backup-" + "2027" * 14,
        "backup": f"bkp_{ID}",
        "made": "2026-07-31",
        "destroy_by": "2027-01-30",
    },
    **{
        key: {"incident": f"inc_{ID}", "kind": "CREDENTIAL_MISUSE", "due": "2027-03-02 12:00 UTC", "when": "is overdue"}
        for key in (StaffNoticeKind.INCIDENT_DUE_IN_A_DAY, StaffNoticeKind.INCIDENT_DUE_IN_HOURS)
    },
    StaffNoticeKind.AUDIT_HEAD: {"day": "2027-01-31", "head": "{" + ID * 20 + "}"},
    StaffNoticeKind.REQUEST_DUE_SOON: DUE,
    StaffNoticeKind.REQUEST_DUE: DUE,
}


def every() -> dict[str, EmailContent]:
    """Return all rendered letters and notices, with long values."""
    messages = {str(name): render_email(name, letter.example, SENDER, LINK) for name, letter in EMAIL_TEMPLATES.items()}
    return messages | {str(name): render_templates(name, NOTICES[name], SENDER) for name in StaffNoticeKind}


@pytest.mark.parametrize("width", [320, 800])
def test_letters_fit_the_screen_and_load_nothing(tmp_path: Path, width: int) -> None:
    with opened(width=width, scripts=False) as browser:
        for name, words in every().items():
            page = tmp_path / f"{name}.html"
            page.write_text(words.html)
            browser.open(page.as_uri())
            assert browser.value("document.documentElement.scrollWidth") <= width, name
            assert browser.value("document.title") == words.subject
            assert browser.value("getComputedStyle(document.querySelector('p')).fontSize") == "16px"
        assert {request for request in browser.requests if not request.startswith("file:")} == set()


def test_letters_begin_with_a_capital() -> None:
    for name, words in every().items():
        greeting, _, paragraphs = words.text.partition("\n\n")
        assert greeting == "Hello,"
        assert paragraphs[0].isupper() or name in {
            StaffNoticeKind.ACCESS_GRANT_ASKED,
            StaffNoticeKind.PEOPLE_TOKEN_ISSUED,
        }
