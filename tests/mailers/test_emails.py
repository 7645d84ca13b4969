"""Letters as others read them: a strict parser finds no defect, nothing slips into a header, and little is said."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest

from mailers.emails import EMAIL_TEMPLATES, TEMPLATE_DIRECTORY, render_email
from mailers.message import Envelope, Sender, build_message
from models.outbox.emails import EmailKind
from models.outbox.staff_notices import StaffNoticeKind
from models.storage.card_fields import contains_card_number
from tests.mailers.fake_smtp import STRICT

SENDER = Sender.read("Privätsphäre <privacy@example.org>", "support@example.org", "https://privacy.example.org/base/")
LINK = "https://privacy.example.org/u/" + "A" * 130
AT = datetime(2027, 1, 31, 12, 0, 5, tzinfo=UTC)
ENVELOPE = Envelope("opted_out", "<let_01@example.org>", "user@example.com", AT)
EVERY = list(EmailKind)
HEADERS = {
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Feedback-ID",
    "MIME-Version",
    "Content-Type",
}
UNSUBSCRIBE = {"List-Unsubscribe", "List-Unsubscribe-Post"}


def made(
    name: EmailKind, recipient: str = "user@example.com", unsubscribe: str | None = LINK, **says: Any
) -> EmailMessage:
    """Write a letter as it would go, and read it with a parser that raises at every defect."""
    words = render_email(name, {**EMAIL_TEMPLATES[name].example, **says}, SENDER, unsubscribe)
    mail = build_message(SENDER, Envelope(name, "<let_01@example.org>", recipient, AT, unsubscribe), words)
    return read(mail.body)


def read(octets: bytes) -> EmailMessage:
    parsed: Any = message_from_bytes(octets, policy=STRICT)
    for part in parsed.walk():
        assert part.defects == []
        for value in part.values():
            assert value.defects == ()
    return parsed


class Page(HTMLParser):
    """Notes what a page would load, and whether its tags match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        found = dict(attrs)
        self.loads += [str(found[name]) for name in ("src", "srcset", "background", "poster") if name in found]
        self.links += [str(found["href"])] if "href" in found else []
        assert tag not in {"img", "script", "link", "iframe", "form", "object"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", EVERY)
def test_a_strict_parser_finds_no_defect(name: EmailKind) -> None:
    letter = made(name)
    assert set(letter.keys()) == HEADERS | UNSUBSCRIBE
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert all(len(line) <= 998 for line in letter.as_bytes().splitlines())


@pytest.mark.parametrize("name", EVERY)
def test_headers_say_that_a_machine_wrote_and_when(name: EmailKind) -> None:
    letter = made(name, unsubscribe=None)
    assert set(letter.keys()) == HEADERS
    assert str(letter["From"]) == "Privätsphäre <privacy@example.org>"
    assert str(letter["Reply-To"]) == "support@example.org"
    assert letter["Date"].datetime == AT
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert letter["Feedback-ID"] == f"{name}:privacy:example.org"
    assert letter["Message-ID"] == "<let_01@example.org>"


@pytest.mark.parametrize("name", EVERY)
def test_the_html_is_whole_and_loads_nothing(name: EmailKind) -> None:
    html = made(name).get_body(("html",))
    assert html is not None
    page = Page()
    page.feed(html.get_content())
    assert page.open == []
    assert page.loads == []
    assert set(page.links) <= {"mailto:support@example.org", LINK}
    assert "url(" not in html.get_content()


@pytest.mark.parametrize("name", EVERY)
def test_text_and_html_say_the_same(name: EmailKind) -> None:
    letter = made(name)
    html, text = letter.get_body(("html",)), letter.get_body(("plain",))
    assert html is not None
    assert text is not None
    bare = re.sub(r"<title>.*?</title>|<[^>]+>", " ", html.get_content())
    said = [re.findall(r"\w+", words) for words in (text.get_content(), bare)]
    if name is EmailKind.CONSENT_GRANTED:
        assert LINK in text.get_content()
    else:
        assert said[0] == said[1]


@pytest.mark.parametrize("name", EVERY)
def test_letters_are_short_and_hold_nothing_personal(name: EmailKind) -> None:
    text = made(name).get_body(("plain",))
    assert text is not None
    content = text.get_content()
    assert len(content.replace(LINK, "")) < 700
    assert all(len(line) <= 72 for line in content.replace(LINK, "").splitlines())
    assert "user@example.com" not in content
    assert not contains_card_number(content)


def test_each_letter_has_its_folder_and_each_folder_its_letter() -> None:
    folders = {
        path.name: {file.name for file in path.iterdir()} for path in TEMPLATE_DIRECTORY.iterdir() if path.is_dir()
    }
    assert folders == {str(name): {"subject.txt", "body.txt", "body.html"} for name in (*EmailKind, *StaffNoticeKind)}


def test_titles_are_text_in_html() -> None:
    html = made(EmailKind.OPTED_OUT, purposes=["<script>alert(1)</script> & more"]).get_body(("html",))
    assert html is not None
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html.get_content()
