"""Letters as others read them: a strict parser finds no defect, nothing slips into a header, and little is said."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailers.emails import EMAIL_TEMPLATES, TEMPLATE_DIRECTORY, render_email
from mailers.message import EmailContent, Envelope, Sender, build_message
from models.outbox.emails import EmailKind
from models.outbox.staff_notices import StaffNoticeKind
from models.storage.card_numbers import contains_card_number
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


def test_the_unsubscribe_link_stands_whole_in_one_line() -> None:
    words = render_email(EmailKind.CONSENT_GRANTED, {"purpose": "Newsletter"}, SENDER, LINK)
    octets = build_message(SENDER, ENVELOPE._replace(unsubscribe=LINK), words).body
    assert f"\r\nList-Unsubscribe: <{LINK}>\r\n".encode() in octets
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in octets


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


def test_a_letter_made_twice_is_the_same_to_the_octet() -> None:
    words = render_email(EmailKind.OPTED_OUT, EMAIL_TEMPLATES[EmailKind.OPTED_OUT].example, SENDER)
    assert build_message(SENDER, ENVELOPE, words) == build_message(SENDER, ENVELOPE, words)


def test_titles_are_text_in_html() -> None:
    html = made(EmailKind.OPTED_OUT, purposes=["<script>alert(1)</script> & more"]).get_body(("html",))
    assert html is not None
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html.get_content()


INJECTED = ["\r\nBcc: other@example.org", "\nBcc: other@example.org", "\rBcc: x", "\x00", "\x85X: y", "\u2028X: y"]


@pytest.mark.parametrize("injected", INJECTED)
def test_settings_that_would_add_a_header_are_refused(injected: str) -> None:
    good = ("Privacy <privacy@example.org>", "support@example.org", "https://privacy.example.org")
    for index, text in enumerate(good):
        for bad in (text + injected, text[:4] + injected + text[4:]):
            given_settings = [*good[:index], bad, *good[index + 1 :]]
            with pytest.raises(ValueError, match="PRIVACY_"):
                Sender.read(*given_settings)


@pytest.mark.parametrize("injected", INJECTED)
def test_an_address_or_an_id_that_would_add_a_header_is_refused(injected: str) -> None:
    words = EmailContent("Subject", "text", "<p>html</p>")
    for envelope in (
        ENVELOPE._replace(recipient=f"user{injected}@example.com"),
        ENVELOPE._replace(recipient=f"user@example.com{injected}"),
        ENVELOPE._replace(message_id=f"<let_01{injected}@example.org>"),
        ENVELOPE._replace(letter=f"opted_out{injected}"),
        ENVELOPE._replace(unsubscribe=f"{LINK}{injected}"),
    ):
        try:
            octets = build_message(SENDER, envelope, words).body
        except (ValueError, UnicodeError):
            continue
        parsed: Any = message_from_bytes(octets, policy=default)
        assert set(parsed.keys()) <= HEADERS | UNSUBSCRIBE
        assert parsed["To"].addresses[0].addr_spec.endswith("@example.com")


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_subject_and_a_title_hold_headers_stay_what_they_are(subject: str, title: str) -> None:
    words = render_email(EmailKind.OPTED_OUT, {"purposes": [title], "is_everything": False}, SENDER)
    try:
        octets = build_message(SENDER, ENVELOPE, words._replace(subject=subject)).body
    except (ValueError, UnicodeError):
        return
    parsed: Any = message_from_bytes(octets, policy=default)
    assert set(parsed.keys()) == HEADERS
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("recipient", ["user@exämple.se", "användare@exämple.se", "o'brien+tag@example.com"])
def test_addresses_of_other_scripts_stand_in_the_header(recipient: str) -> None:
    octets = build_message(
        SENDER, ENVELOPE._replace(recipient=recipient), EmailContent("Hello", "text", "<p>html</p>")
    ).body
    parsed: Any = message_from_bytes(octets, policy=default)  # the strict one calls every other script a defect
    [found] = parsed["To"].addresses
    assert found.username.encode("utf-8", "surrogateescape") == recipient.partition("@")[0].encode()
    assert found.domain in {"xn--exmple-cua.se", "example.com"}
